using System.Runtime.Intrinsics;

namespace ModelOpt.Compiler.Training;

/// <summary>
/// How a loss changes with the ends of the range that int8 covers (learned step size, Esser et al. 2020, for both ends): clipped values
/// lie at an end and move with it, values between move by their rounding error. The order of sums depends on the number of elements
/// alone.
/// </summary>
internal readonly record struct RangeGradient(double Low, double High)
{
    private const int Lanes = 16, Block = 1024;

    /// <summary>The gradient.</summary>
    /// <param name="margin">How far beyond an end an element is rounded to it and not cut off: half a step.</param>
    public static RangeGradient Of(
        ReadOnlySpan<float> x, ReadOnlySpan<float> rounded, ReadOnlySpan<float> dy, float low, float high, float margin)
    {
        double below = 0, above = 0, between = 0;
        float least = low - margin, most = high + margin;
        Vector512<float> lows = Vector512.Create(least), highs = Vector512.Create(most);
        int i = 0;
        while (i <= x.Length - Lanes)
        {
            int end = Math.Min(x.Length, i + Block);
            Vector512<float> under = default, over = default, inside = default;
            for (; i <= end - Lanes; i += Lanes)
            {
                Vector512<float> at = Vector512.Create(x.Slice(i, Lanes)), g = Vector512.Create(dy.Slice(i, Lanes));
                Vector512<float> isUnder = Vector512.LessThanOrEqual(at, lows), isOver = Vector512.GreaterThanOrEqual(at, highs);
                under += g & isUnder;
                over += g & isOver;
                inside += Vector512.AndNot(g * (Vector512.Create(rounded.Slice(i, Lanes)) - at), isUnder | isOver);
            }

            for (int lane = 0; lane < Lanes; lane++)
            {
                below += under[lane];
                above += over[lane];
                between += inside[lane];
            }
        }

        for (; i < x.Length; i++)
        {
            if (x[i] <= least) below += dy[i];
            else if (x[i] >= most) above += dy[i];
            else between += dy[i] * (rounded[i] - x[i]);
        }

        double share = between / (high - low);
        return new RangeGradient(below - share, above + share);
    }

    /// <summary>The gradient of a share of a loss.</summary>
    public static RangeGradient operator *(RangeGradient gradient, double share) => new(gradient.Low * share, gradient.High * share);

    /// <summary>The gradient of a sum of losses.</summary>
    public static RangeGradient operator +(RangeGradient a, RangeGradient b) => new(a.Low + b.Low, a.High + b.High);
}
