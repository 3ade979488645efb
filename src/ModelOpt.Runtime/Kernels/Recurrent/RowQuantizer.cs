using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ModelOpt.Runtime.Simd;

namespace ModelOpt.Runtime.Kernels.Recurrent;

/// <summary>
/// float32 → uint8 with the range of the row itself, zero included: x ≈ scale · (u − zero), u = clamp(rint(x / scale) + zero). The
/// same bits on every tier.
/// </summary>
internal static unsafe class RowQuantizer
{
    private const float Steps = byte.MaxValue;

    /// <summary>Rounds a row.</summary>
    /// <param name="target">Receives <paramref name="length"/> bytes, 128 less with <paramref name="flip"/>.</param>
    /// <param name="flip">Flips the top bit: the bytes are int8 then, and so is the zero.</param>
    /// <returns>
    /// Scale, 0 for a row of zeros, and NaN for one that has a NaN or an infinite range; and the integer that stands for 0.
    /// </returns>
    public static (float Scale, int Zero) Run(SimdTier tier, float* x, int length, byte* target, bool flip) => tier switch
    {
        SimdTier.Vector512 => Run<Lanes512, Vector512<float>>(x, length, target, flip),
        SimdTier.Vector256 => Run<Lanes256, Vector256<float>>(x, length, target, flip),
        SimdTier.Vector128 => Run<Lanes128, Vector128<float>>(x, length, target, flip),
        _ => Run<Lanes1, float>(x, length, target, flip),
    };

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static (float Scale, int Zero) Run<TLanes, V>(float* x, int length, byte* target, bool flip)
        where TLanes : struct, ILanes<V>
        where V : unmanaged
    {
        (float low, float high, bool isNumber) = Range<TLanes, V>(x, length);
        float range = high - low, scale = range / Steps, perStep = Steps / range;
        int offset = flip ? -128 : 0;
        if (!isNumber || !float.IsFinite(range) || !float.IsFinite(perStep))
        {
            new Span<byte>(target, length).Fill((byte)offset);
            return (isNumber && float.IsFinite(range) ? 0 : float.NaN, offset);
        }

        int zero = (int)MathF.Round(-low * perStep);
        V factor = TLanes.Create(perStep), least = TLanes.Create(-zero), most = TLanes.Create(Steps - zero);
        int i = 0;
        for (; i <= length - TLanes.Count; i += TLanes.Count)
            TLanes.StoreByte(target + i, TLanes.Clamp(TLanes.Multiply(TLanes.Load(x + i), factor), least, most), zero + offset);
        if (i < length)
        {
            float* rest = stackalloc float[16];
            byte* bytes = stackalloc byte[16];
            new Span<float>(rest, 16).Clear();
            new Span<float>(x + i, length - i).CopyTo(new Span<float>(rest, 16));
            TLanes.StoreByte(bytes, TLanes.Clamp(TLanes.Multiply(TLanes.Load(rest), factor), least, most), zero + offset);
            new Span<byte>(bytes, length - i).CopyTo(new Span<byte>(target + i, length - i));
        }

        return (scale, zero + offset);
    }

    /// <summary>The least and the largest element, at most and at least 0, and whether none is NaN.</summary>
    private static (float Low, float High, bool IsNumber) Range<TLanes, V>(float* x, int length)
        where TLanes : struct, ILanes<V>
        where V : unmanaged
    {
        V zero = TLanes.Create(0), low = zero, high = zero, odd = zero;
        int i = 0;
        for (; i <= length - TLanes.Count; i += TLanes.Count)
        {
            V value = TLanes.Load(x + i);
            low = TLanes.SelectLess(value, low, value, low);
            high = TLanes.SelectLess(high, value, value, high);
            // 0 for finite numbers, else NaN, which stays.
            odd = TLanes.Add(odd, TLanes.Multiply(value, zero));
        }

        float* lanes = stackalloc float[3 * 16];
        TLanes.Store(lanes, low);
        TLanes.Store(lanes + 16, high);
        TLanes.Store(lanes + 32, odd);
        (float least, float most, float sum) = (0, 0, 0);
        for (int lane = 0; lane < TLanes.Count; lane++)
        {
            least = lanes[lane] < least ? lanes[lane] : least;
            most = lanes[16 + lane] > most ? lanes[16 + lane] : most;
            sum += lanes[32 + lane];
        }

        for (; i < length; i++)
        {
            least = x[i] < least ? x[i] : least;
            most = x[i] > most ? x[i] : most;
            sum += x[i] * 0;
        }

        return (least, most, sum == 0);
    }
}
