using System.Numerics;

namespace ModelOpt.Runtime.Kernels;

/// <summary>Between a real number and an integer of a grid, as TFLite rounds: x / s half away from zero, plus z.</summary>
internal static class AffineQuantizer
{
    /// <summary>The integer of a number; the ends of the type where it lies outside, the zero point for NaN.</summary>
    public static T Quantize<T>(float value, float scale, int zeroPoint)
        where T : unmanaged, IBinaryInteger<T>
    {
        double rounded = Math.Round((double)value / scale, MidpointRounding.AwayFromZero) + zeroPoint;
        return T.CreateSaturating(double.IsNaN(rounded) ? zeroPoint : rounded);
    }

    /// <summary>The number of an integer: (q − z)·s.</summary>
    public static float Dequantize<T>(T value, float scale, int zeroPoint)
        where T : unmanaged, IBinaryInteger<T> => (long.CreateTruncating(value) - zeroPoint) * scale;
}
