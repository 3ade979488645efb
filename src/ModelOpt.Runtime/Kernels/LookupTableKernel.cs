using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using ModelOpt.Runtime.Kernels.Contract;

namespace ModelOpt.Runtime.Kernels;

/// <summary>Any function of one 8-bit value to another, as a table over the stored bytes.</summary>
internal sealed class LookupTableKernel(int elements, byte[] table) : ElementwiseKernel(elements)
{
    public override bool ReadsAnywhere => true;

    protected override void RunRange(in KernelArguments args, int first, int length)
    {
        Apply(table, args.Input<byte>(0).Slice(first, length), args.Output<byte>(0).Slice(first, length));
    }

    public static void Apply(ReadOnlySpan<byte> table, ReadOnlySpan<byte> source, Span<byte> destination)
    {
        table = table[..256];
        destination = destination[..source.Length];
        int done = Avx512Vbmi.IsSupported ? ApplyVector512(table, source, destination)
            : Avx2.IsSupported ? ApplyVector256(table, source, destination)
            : AdvSimd.Arm64.IsSupported ? ApplyArm(table, source, destination)
            : 0;
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

    // The low four bits of each index choose in each of 16 rows, the others among the rows.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int ApplyVector256(ReadOnlySpan<byte> table, ReadOnlySpan<byte> source, Span<byte> destination)
    {
        ref byte t = ref MemoryMarshal.GetReference(table);
        ref byte x = ref MemoryMarshal.GetReference(source);
        ref byte y = ref MemoryMarshal.GetReference(destination);
        int i = 0;
        for (; i <= source.Length - Vector256<byte>.Count; i += Vector256<byte>.Count)
        {
            Vector256<byte> index = Vector256.LoadUnsafe(ref x, (nuint)i), low = index & Vector256.Create((byte)0x0F);
            Vector256<ushort> words = index.AsUInt16();
            Vector256<byte> bit4 = (words << 3).AsByte(), bit5 = (words << 2).AsByte(), bit6 = (words << 1).AsByte();
            Vector256<byte> first = Rows8(ref t, low, bit4, bit5, bit6), second = Rows8(ref Unsafe.Add(ref t, 128), low, bit4, bit5, bit6);
            Avx2.BlendVariable(first, second, index).StoreUnsafe(ref y, (nuint)i);
        }

        return i;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> Rows8(
        ref byte t, Vector256<byte> index, Vector256<byte> bit4, Vector256<byte> bit5, Vector256<byte> bit6) => Avx2.BlendVariable(
        Rows4(ref t, index, bit4, bit5), Rows4(ref Unsafe.Add(ref t, 64), index, bit4, bit5), bit6);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> Rows4(ref byte t, Vector256<byte> index, Vector256<byte> bit4, Vector256<byte> bit5) =>
        Avx2.BlendVariable(
            Avx2.BlendVariable(Row(ref t, index, 0), Row(ref t, index, 1), bit4),
            Avx2.BlendVariable(Row(ref t, index, 2), Row(ref t, index, 3), bit4),
            bit5);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> Row(ref byte t, Vector256<byte> index, int row)
    {
        Vector128<byte> entries = Vector128.LoadUnsafe(ref t, (nuint)(16 * row));
        return Avx2.Shuffle(Vector256.Create(entries, entries), index);
    }

    // Each lookup leaves what is not among its 64 entries.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int ApplyArm(ReadOnlySpan<byte> table, ReadOnlySpan<byte> source, Span<byte> destination)
    {
        ref byte x = ref MemoryMarshal.GetReference(source);
        ref byte y = ref MemoryMarshal.GetReference(destination);
        var t0 = Entries(table);
        var t1 = Entries(table[64..]);
        var t2 = Entries(table[128..]);
        var t3 = Entries(table[192..]);
        Vector128<byte> step = Vector128.Create((byte)64);
        int i = 0;
        for (; i <= source.Length - Vector128<byte>.Count; i += Vector128<byte>.Count)
        {
            Vector128<byte> index = Vector128.LoadUnsafe(ref x, (nuint)i);
            Vector128<byte> result = AdvSimd.Arm64.VectorTableLookup(t0, index);
            index -= step;
            result = AdvSimd.Arm64.VectorTableLookupExtension(result, t1, index);
            index -= step;
            result = AdvSimd.Arm64.VectorTableLookupExtension(result, t2, index);
            index -= step;
            AdvSimd.Arm64.VectorTableLookupExtension(result, t3, index).StoreUnsafe(ref y, (nuint)i);
        }

        return i;
    }

    private static (Vector128<byte>, Vector128<byte>, Vector128<byte>, Vector128<byte>) Entries(ReadOnlySpan<byte> table) =>
        (Vector128.Create(table), Vector128.Create(table[16..]), Vector128.Create(table[32..]), Vector128.Create(table[48..]));
}
