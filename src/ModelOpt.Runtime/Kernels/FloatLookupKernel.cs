using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ModelOpt.Runtime.Kernels.Contract;

namespace ModelOpt.Runtime.Kernels;

/// <summary>Any function of one 8-bit value to a float, as a table over the stored bytes.</summary>
/// <param name="elements">Elements.</param>
/// <param name="table">256 entries.</param>
internal sealed class FloatLookupKernel(int elements, float[] table) : Kernel
{
    private const int ItemLength = 4096;

    public override int Items => (elements + ItemLength - 1) / ItemLength;

    public override long Work => elements;

    public override bool ReadsAnywhere => true;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Run(in KernelArguments args, int start, int end)
    {
        int first = start * ItemLength, last = Math.Min(elements, end * ItemLength);
        ReadOnlySpan<byte> x = args.Input<byte>(0)[first..last];
        Span<float> y = args.Output<float>(0)[first..last];
        ref float entries = ref MemoryMarshal.GetReference(table.AsSpan(0, 256));
        int i = 0;
        for (; i <= x.Length - sizeof(ulong); i += sizeof(ulong))
        {
            ulong eight = MemoryMarshal.Read<ulong>(x[i..]);
            Span<float> to = y.Slice(i, sizeof(ulong));
            for (int j = 0; j < to.Length; j++, eight >>= 8)
                to[BitConverter.IsLittleEndian ? j : 7 - j] = Unsafe.Add(ref entries, (int)(eight & 0xFF));
        }

        for (; i < x.Length; i++)
            y[i] = Unsafe.Add(ref entries, x[i]);
    }
}
