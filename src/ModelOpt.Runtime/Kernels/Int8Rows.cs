using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace ModelOpt.Runtime.Kernels;

/// <summary>8-bit activations in the forms that matrix kernels multiply.</summary>
internal static unsafe class Int8Rows
{
    /// <summary>Copies bytes, and flips their top bit if asked to: int8 becomes the uint8 that is 128 more.</summary>
    public static void Flip(byte* source, int count, bool flip, byte* target)
    {
        byte bits = flip ? (byte)0x80 : (byte)0;
        int i = 0;
        for (; i <= count - 16; i += 16)
            (Vector128.Load(source + i) ^ Vector128.Create(bits)).Store(target + i);
        for (; i < count; i++)
            target[i] = (byte)(source[i] ^ bits);
    }

    /// <summary>target[0…count) = value. <see cref="Span{T}.Fill"/> is compiled at run time, whatever was compiled beforehand.</summary>
    public static void Fill(byte* target, int count, byte value)
    {
        int i = 0;
        for (; i <= count - 16; i += 16)
            Vector128.Create(value).Store(target + i);
        for (; i < count; i++)
            target[i] = value;
    }

    /// <inheritdoc cref="Fill(byte*, int, byte)"/>
    public static void Fill(short* target, int count, short value)
    {
        int i = 0;
        for (; i <= count - 8; i += 8)
            Vector128.Create(value).Store(target + i);
        for (; i < count; i++)
            target[i] = value;
    }

    /// <summary>The sum of the values and the sum of their absolute values, modulo 2^32.</summary>
    public static (int Sum, int Absolute) Sums(ReadOnlySpan<sbyte> values)
    {
        int sum = 0, absolute = 0, i = 0;
        fixed (sbyte* from = values)
        {
            if (Vector128.IsHardwareAccelerated)
            {
                Vector128<int> sums = Vector128<int>.Zero, absolutes = sums;
                for (; i <= values.Length - 16; i += 16)
                {
                    Vector128<sbyte> bytes = Vector128.Load(from + i);
                    Vector128<short> low = Vector128.WidenLower(bytes), high = Vector128.WidenUpper(bytes);
                    Vector128<short> words = low + high, absoluteWords = Vector128.Abs(low) + Vector128.Abs(high);
                    sums += Vector128.WidenLower(words) + Vector128.WidenUpper(words);
                    absolutes += Vector128.WidenLower(absoluteWords) + Vector128.WidenUpper(absoluteWords);
                }

                (sum, absolute) = (Vector128.Sum(sums), Vector128.Sum(absolutes));
            }

            for (; i < values.Length; i++)
            {
                sum += from[i];
                absolute += Math.Abs((int)from[i]);
            }
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
                if (Avx2.IsSupported)
                {
                    Vector128<sbyte> all = (Vector128.Load(source + at) ^ Vector128.Create(flip)).AsSByte();
                    (Avx2.ConvertToVector256Int16(all) - Vector256.Create(zero)).Store(target + at);
                    continue;
                }

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
