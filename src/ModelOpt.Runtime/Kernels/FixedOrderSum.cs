using System.Runtime.Intrinsics;

namespace ModelOpt.Runtime.Kernels;

/// <summary>
/// Sums of float32 in an order that depends on their number alone: 16 interleaved partial sums whatever the width of vectors, which
/// are then added one after the other. So they have the same bits on every machine.
/// </summary>
internal static class FixedOrderSum
{
    private const int Lanes = 16;

    /// <summary>Σ x, in double precision.</summary>
    /// <param name="x">The elements.</param>
    public static double Of(ReadOnlySpan<float> x)
    {
        Vector512<double> low = default, high = default;
        int i = 0;
        for (; i <= x.Length - Lanes; i += Lanes)
        {
            Vector512<float> part = Vector512.Create(x.Slice(i, Lanes));
            low += Vector512.WidenLower(part);
            high += Vector512.WidenUpper(part);
        }

        double sum = Total(low) + Total(high);
        for (; i < x.Length; i++) sum += x[i];
        return sum;
    }

    /// <summary>Σ x·y, in double precision.</summary>
    /// <param name="x">The elements.</param>
    /// <param name="y">As many factors.</param>
    public static double Dot(ReadOnlySpan<float> x, ReadOnlySpan<float> y)
    {
        Vector512<double> low = default, high = default;
        int i = 0;
        for (; i <= x.Length - Lanes; i += Lanes)
        {
            Vector512<float> a = Vector512.Create(x.Slice(i, Lanes)), b = Vector512.Create(y.Slice(i, Lanes));
            low += Vector512.WidenLower(a) * Vector512.WidenLower(b);
            high += Vector512.WidenUpper(a) * Vector512.WidenUpper(b);
        }

        double sum = Total(low) + Total(high);
        for (; i < x.Length; i++) sum += (double)x[i] * y[i];
        return sum;
    }

    private static double Total(Vector512<double> lanes)
    {
        double sum = 0;
        for (int i = 0; i < Vector512<double>.Count; i++) sum += lanes[i];
        return sum;
    }
}
