using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using ModelOpt.Runtime.Kernels.Contract;

namespace ModelOpt.Runtime.Kernels;

/// <summary>Any function of one 8-bit value to another, as a table over the stored bytes.</summary>
internal sealed class LookupTableKernel(int elements, byte[] table) : Kernel
{
    private const int ItemLength = 4096;

    public override int Items => (elements + ItemLength - 1) / ItemLength;

    public override long Work => elements;

    public override bool ReadsAnywhere => true;

    public override void Run(in KernelArguments args, int start, int end)
    {
        int first = start * ItemLength, last = Math.Min(elements, end * ItemLength);
        Apply(table, args.Input<byte>(0)[first..last], args.Output<byte>(0)[first..last]);
    }

    public static void Apply(ReadOnlySpan<byte> table, ReadOnlySpan<byte> source, Span<byte> destination)
    {
        table = table[..256];
        destination = destination[..source.Length];
        int done = Avx512Vbmi.IsSupported ? ApplyVector512(table, source, destination) : 0;
        Scalar(table, source[done..], destination[done..]);
    }

    /// <summary>The oracle of the vector loop, and its tail.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Scalar(ReadOnlySpan<byte> table, ReadOnlySpan<byte> source, Span<byte> destination)
    {
        for (int i = 0; i < source.Length; i++)
            destination[i] = table[source[i]];
    }

    // The permutation looks seven bits of each index up in 128 entries held by two registers; the eighth bit chooses the half.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int ApplyVector512(ReadOnlySpan<byte> table, ReadOnlySpan<byte> source, Span<byte> destination)
    {
        ref byte t = ref MemoryMarshal.GetReference(table);
        ref byte x = ref MemoryMarshal.GetReference(source);
        ref byte y = ref MemoryMarshal.GetReference(destination);
        Vector512<byte> t0 = Vector512.LoadUnsafe(ref t), t1 = Vector512.LoadUnsafe(ref t, 64);
        Vector512<byte> t2 = Vector512.LoadUnsafe(ref t, 128), t3 = Vector512.LoadUnsafe(ref t, 192);
        int i = 0;
        for (; i <= source.Length - Vector512<byte>.Count; i += Vector512<byte>.Count)
        {
            Vector512<byte> index = Vector512.LoadUnsafe(ref x, (nuint)i);
            Vector512<byte> low = Avx512Vbmi.PermuteVar64x8x2(t0, index, t1), high = Avx512Vbmi.PermuteVar64x8x2(t2, index, t3);
            Vector512.ConditionalSelect(Vector512.LessThan(index.AsSByte(), Vector512<sbyte>.Zero).AsByte(), high, low)
                .StoreUnsafe(ref y, (nuint)i);
        }
        return i;
    }
}
