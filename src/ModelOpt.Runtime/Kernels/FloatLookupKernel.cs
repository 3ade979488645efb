using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using ModelOpt.Runtime.Kernels.Contract;

namespace ModelOpt.Runtime.Kernels;

/// <summary>Any function of one 8-bit value to a float, as a table over the stored bytes.</summary>
/// <param name="elements">Elements.</param>
/// <param name="table">256 entries.</param>
internal sealed class FloatLookupKernel(int elements, float[] table) : ElementwiseKernel(elements)
{
    private readonly byte[] _bytes = Bytes(table);

    public override bool ReadsAnywhere => true;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void RunRange(in KernelArguments args, int first, int length)
    {
        ReadOnlySpan<byte> x = args.Input<byte>(0).Slice(first, length);
        Span<float> y = args.Output<float>(0).Slice(first, length);
        int i = Avx512Vbmi.IsSupported ? Vectors512(x, y) : Avx2.IsSupported ? Gathered(x, y) : 0;
        for (; i < x.Length; i++)
            y[i] = table[x[i]];
    }

    // Looks the four bytes of 64 entries up one after another, in an order in which they join without further permutations.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private int Vectors512(ReadOnlySpan<byte> x, Span<float> y)
    {
        ref byte tables = ref MemoryMarshal.GetArrayDataReference(_bytes);
        ref byte from = ref MemoryMarshal.GetReference(x);
        ref byte to = ref Unsafe.As<float, byte>(ref MemoryMarshal.GetReference(y));
        Vector512<int> order = Vector512.Create(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
        int i = 0;
        for (; i <= x.Length - Vector512<byte>.Count; i += Vector512<byte>.Count)
        {
            Vector512<byte> index = Avx512F.PermuteVar16x32(Vector512.LoadUnsafe(ref from, (nuint)i).AsInt32(), order).AsByte();
            Vector512<byte> b0 = Lookup(ref tables, index, 0), b1 = Lookup(ref tables, index, 1);
            Vector512<byte> b2 = Lookup(ref tables, index, 2), b3 = Lookup(ref tables, index, 3);
            Vector512<short> low01 = Avx512BW.UnpackLow(b0, b1).AsInt16(), high01 = Avx512BW.UnpackHigh(b0, b1).AsInt16();
            Vector512<short> low23 = Avx512BW.UnpackLow(b2, b3).AsInt16(), high23 = Avx512BW.UnpackHigh(b2, b3).AsInt16();
            nuint at = 4 * (nuint)i;
            Avx512BW.UnpackLow(low01, low23).AsByte().StoreUnsafe(ref to, at);
            Avx512BW.UnpackHigh(low01, low23).AsByte().StoreUnsafe(ref to, at + 64);
            Avx512BW.UnpackLow(high01, high23).AsByte().StoreUnsafe(ref to, at + 128);
            Avx512BW.UnpackHigh(high01, high23).AsByte().StoreUnsafe(ref to, at + 192);
        }

        return i;
    }

    // As LookupTableKernel does.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> Lookup(ref byte tables, Vector512<byte> index, int plane)
    {
        nuint at = (nuint)(256 * plane);
        Vector512<byte> low = Avx512Vbmi.PermuteVar64x8x2(
            Vector512.LoadUnsafe(ref tables, at), index, Vector512.LoadUnsafe(ref tables, at + 64));
        Vector512<byte> high = Avx512Vbmi.PermuteVar64x8x2(
            Vector512.LoadUnsafe(ref tables, at + 128), index, Vector512.LoadUnsafe(ref tables, at + 192));
        return Vector512.ConditionalSelect(Vector512.LessThan(index.AsSByte(), Vector512<sbyte>.Zero).AsByte(), high, low);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private unsafe int Gathered(ReadOnlySpan<byte> x, Span<float> y)
    {
        int i = 0;
        fixed (float* entries = table)
        fixed (byte* from = x)
        {
            for (; i <= x.Length - Vector256<float>.Count; i += Vector256<float>.Count)
                Avx2.GatherVector256(entries, Avx2.ConvertToVector256Int32(from + i), sizeof(float)).CopyTo(y[i..]);
        }

        return i;
    }

    // The lowest bytes of all entries, then the next ones.
    private static byte[] Bytes(float[] table)
    {
        var bytes = new byte[sizeof(float) * table.Length];
        for (int i = 0; i < table.Length; i++)
        {
            uint bits = BitConverter.SingleToUInt32Bits(table[i]);
            for (int plane = 0; plane < sizeof(float); plane++)
                bytes[(plane * table.Length) + i] = (byte)(bits >> (8 * plane));
        }

        return bytes;
    }
}
