using System.Numerics;

namespace ModelOpt.Compiler.Numerics;

/// <summary>The least and the largest of numbers.</summary>
internal static class Extremes
{
    /// <summary>Finds them.</summary>
    /// <param name="values">Numbers, none of which is NaN.</param>
    /// <returns>∞ and −∞ where there are none.</returns>
    public static (float Min, float Max) Of(ReadOnlySpan<float> values)
    {
        (float min, float max) = (float.PositiveInfinity, float.NegativeInfinity);
        int i = 0;
        if (values.Length >= Vector<float>.Count)
        {
            Vector<float> low = new(values), high = low;
            for (i = Vector<float>.Count; i <= values.Length - Vector<float>.Count; i += Vector<float>.Count)
            {
                Vector<float> x = new(values[i..]);
                (low, high) = (Vector.Min(low, x), Vector.Max(high, x));
            }

            for (int lane = 0; lane < Vector<float>.Count; lane++) (min, max) = (MathF.Min(min, low[lane]), MathF.Max(max, high[lane]));
        }

        for (; i < values.Length; i++) (min, max) = (MathF.Min(min, values[i]), MathF.Max(max, values[i]));
        return (min, max);
    }
}
