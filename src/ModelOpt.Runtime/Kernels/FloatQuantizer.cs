using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using ModelOpt.Runtime.Simd;

namespace ModelOpt.Runtime.Kernels;

/// <summary>float32 → int8 or uint8: clamp(rint(x / s)) + z, ties to even. NaN gives the zero point.</summary>
/// <param name="scale">s.</param>
/// <param name="zeroPoint">z, in int8's range.</param>
/// <param name="flip">0x80 for uint8.</param>
/// <param name="tier">Vector width.</param>
internal sealed unsafe class FloatQuantizer(float scale, int zeroPoint, byte flip, SimdTier tier)
{
    // Floats ahead of those computed; inputs come from further away than the prefetchers of the hardware look.
    private const int PrefetchDistance = 1024;

    // Where the instruction sets have fused multiply-adds, and no intermediate value of the quotient leaves the range.
    private readonly bool _byReciprocal = tier >= SimdTier.Vector256 && scale is > 1e-30f and < 1e30f;

    private readonly float _reciprocal = 1 / scale;
    private readonly float _reciprocalRest = MathF.FusedMultiplyAdd(-scale, 1 / scale, 1) / scale;

    public void Run(float* x, byte* y, int length)
    {
        switch (tier)
        {
            case SimdTier.Vector512:
                Run<Lanes512, Vector512<float>>(x, y, length);
                break;
            case SimdTier.Vector256:
                Run<Lanes256, Vector256<float>>(x, y, length);
                break;
            case SimdTier.Vector128:
                Run<Lanes128, Vector128<float>>(x, y, length);
                break;
            default:
                Run<Lanes1, float>(x, y, length);
                break;
        }
    }

    private void Run<TLanes, V>(float* x, byte* y, int length)
        where TLanes : struct, ILanes<V>
        where V : unmanaged
    {
        if (length < TLanes.Count)
        {
            float* values = stackalloc float[16];
            byte* bytes = stackalloc byte[16];
            Unsafe.CopyBlockUnaligned(values, x, (uint)length * sizeof(float));
            Run<TLanes, V>(values, bytes, TLanes.Count);
            Unsafe.CopyBlockUnaligned(y, bytes, (uint)length);
            return;
        }

        // The last register ends with the values and recomputes those that it shares with the one before.
        int offset = zeroPoint + flip, last = length - TLanes.Count;
        float min = sbyte.MinValue - zeroPoint, max = sbyte.MaxValue - zeroPoint;
        V divisor = TLanes.Create(scale), low = TLanes.Create(min), high = TLanes.Create(max);
        if (!_byReciprocal)
        {
            for (int i = 0; i < length; i += TLanes.Count)
            {
                int at = Math.Min(i, last);
                V quotient = TLanes.Divide(TLanes.Load(x + at), divisor);
                TLanes.StoreByte(y + at, TLanes.Clamp(quotient, low, high), offset);
            }

            return;
        }

        // The quotient, correctly rounded like a division's (Markstein 1990): the first approximation is less than one unit
        // in the last place away, so its remainder is exact and corrects it. The clamp comes first and keeps all finite.
        V reciprocal = TLanes.Create(_reciprocal), rest = TLanes.Create(_reciprocalRest);
        V negated = TLanes.Create(-scale);
        low = TLanes.Create(min * scale);
        high = TLanes.Create(max * scale);
        for (int i = 0; i < length; i += TLanes.Count)
        {
            int at = Math.Min(i, last);
            if (Sse.IsSupported)
                Sse.Prefetch1(x + at + PrefetchDistance);
            V value = TLanes.Clamp(TLanes.Load(x + at), low, high);
            V quotient = TLanes.FusedMultiplyAdd(value, reciprocal, TLanes.Multiply(value, rest));
            V remainder = TLanes.FusedMultiplyAdd(quotient, negated, value);
            TLanes.StoreByte(y + at, TLanes.FusedMultiplyAdd(remainder, reciprocal, quotient), offset);
        }
    }
}
