using System.Runtime.CompilerServices;

namespace ModelOpt.Runtime.Kernels;

/// <summary>Any function of one 8-bit value to another, as a table over the stored bytes.</summary>
internal sealed class LookupTableKernel(int elements, byte[] table) : Kernel
{
    private const int ItemLength = 4096;

    public override int Items => (elements + ItemLength - 1) / ItemLength;

    public override long Work => elements;

    public override void Run(in KernelArguments args, int start, int end)
    {
        int first = start * ItemLength, last = Math.Min(elements, end * ItemLength);
        Apply(table, args.Input<byte>(0)[first..last], args.Output<byte>(0)[first..last]);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Apply(ReadOnlySpan<byte> table, ReadOnlySpan<byte> source, Span<byte> destination)
    {
        table = table[..256];
        destination = destination[..source.Length];
        for (int i = 0; i < source.Length; i++)
            destination[i] = table[source[i]];
    }
}
