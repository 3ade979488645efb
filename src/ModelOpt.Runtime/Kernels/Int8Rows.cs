using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ModelOpt.Runtime.Kernels;

/// <summary>8-bit activations in the forms that matrix kernels multiply.</summary>
internal static unsafe class Int8Rows
{
    /// <summary>Copies bytes, and flips their top bit if asked to: int8 becomes the uint8 that is 128 more.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Flip(byte* source, int count, bool flip, byte* target)
    {
        byte bits = flip ? (byte)0x80 : (byte)0;
        int i = 0;
        if (Vector512.IsHardwareAccelerated)
        {
            for (; i <= count - 64; i += 64)
                (Vector512.Load(source + i) ^ Vector512.Create(bits)).Store(target + i);
        }

        for (; i <= count - 16; i += 16)
            (Vector128.Load(source + i) ^ Vector128.Create(bits)).Store(target + i);
        for (; i < count; i++)
            target[i] = (byte)(source[i] ^ bits);
    }

    /// <summary>The sum of the values and the sum of their absolute values, modulo 2^32.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static (int Sum, int Absolute) Sums(ReadOnlySpan<sbyte> values)
    {
        Vector<int> sums = default, absolutes = default;
        int i = 0;
        for (; i <= values.Length - Vector<sbyte>.Count; i += Vector<sbyte>.Count)
        {
            Vector.Widen(new Vector<sbyte>(values[i..]), out Vector<short> low, out Vector<short> high);
            Vector.Widen(low + high, out Vector<int> lowSum, out Vector<int> highSum);
            sums += lowSum + highSum;
            Vector.Widen(Vector.Abs(low) + Vector.Abs(high), out lowSum, out highSum);
            absolutes += lowSum + highSum;
        }

        int sum = Vector.Sum(sums), absolute = Vector.Sum(absolutes);
        for (; i < values.Length; i++)
        {
            sum += values[i];
            absolute += Math.Abs((int)values[i]);
        }

        return (sum, absolute);
    }

    /// <summary>target[i] = source[i] − zeroPoint; touches no element beyond <paramref name="count"/> on either side.</summary>
    /// <param name="source">int8, or uint8 with <paramref name="unsigned"/>.</param>
    /// <param name="count">Elements.</param>
    /// <param name="zeroPoint">In the element type's own range.</param>
    /// <param name="unsigned">The source is uint8.</param>
    /// <param name="target">Receives values in −255…255.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Widen(byte* source, int count, int zeroPoint, bool unsigned, short* target)
    {
        // Flipping the top bit makes uint8 the int8 that is 128 less.
        byte flip = unsigned ? (byte)0x80 : (byte)0;
        short zero = (short)(unsigned ? zeroPoint - 128 : zeroPoint);
        int i = 0;
        if (Vector512.IsHardwareAccelerated)
        {
            for (; i <= count - 32; i += 32)
            {
                Vector256<sbyte> bytes = (Vector256.Load(source + i) ^ Vector256.Create(flip)).AsSByte();
                (Vector512.WidenLower(bytes.ToVector512Unsafe()) - Vector512.Create(zero)).Store(target + i);
            }
        }

        if (count >= 16)
        {
            // The last block overlaps the one before rather than end in single steps.
            for (; i < count; i += 16)
            {
                int at = Math.Min(i, count - 16);
                Vector128<sbyte> bytes = (Vector128.Load(source + at) ^ Vector128.Create(flip)).AsSByte();
                (Vector128.WidenLower(bytes) - Vector128.Create(zero)).Store(target + at);
                (Vector128.WidenUpper(bytes) - Vector128.Create(zero)).Store(target + at + 8);
            }

            return;
        }

        if (count >= 8)
        {
            for (; i < count; i += 8)
            {
                int at = Math.Min(i, count - 8);
                Vector128<byte> eight = Vector128.CreateScalarUnsafe(*(long*)(source + at)).AsByte();
                Vector128<sbyte> bytes = (eight ^ Vector128.Create(flip)).AsSByte();
                (Vector128.WidenLower(bytes) - Vector128.Create(zero)).Store(target + at);
            }

            return;
        }

        for (; i < count; i++)
            target[i] = (short)((sbyte)(source[i] ^ flip) - zero);
    }
}
