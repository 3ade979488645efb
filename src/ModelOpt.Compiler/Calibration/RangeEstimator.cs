using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Calibration;

/// <summary>Chooses the quantization range of an activation from its calibration statistics.</summary>
internal static class RangeEstimator
{
    /// <summary>The share of values that <see cref="CalibrationMethod.Percentile"/> cuts off at each end: 0.01 %.</summary>
    public const double PercentileTail = 1e-4;

    /// <summary>
    /// How far <see cref="CalibrationMethod.Mse"/> narrows each end, in hundredths. A wider range than calibration saw is not tried: it
    /// could win only by the accident of a finer fit of the grid, and would undo the bounds of a Relu6 before it.
    /// </summary>
    private const int NarrowestPercent = 70;

    /// <summary>The range for one activation.</summary>
    /// <returns>A range that holds zero.</returns>
    public static ValueRange Estimate(ActivationStatistics statistics, CalibrationMethod method) => method switch
    {
        CalibrationMethod.MinMax => new ValueRange(statistics.Histogram.Min, statistics.Histogram.Max).WithZero(),
        CalibrationMethod.MovingAverage => new ValueRange(statistics.AverageMin, statistics.AverageMax).WithZero(),
        CalibrationMethod.Percentile => Percentile(statistics.Histogram).WithZero(),
        CalibrationMethod.Entropy => EntropyRange.Estimate(statistics.Histogram).WithZero(),
        CalibrationMethod.Mse => MeanSquaredError(statistics.Histogram),
        _ => throw new ArgumentOutOfRangeException(nameof(method), method, null),
    };

    private static ValueRange Percentile(Histogram histogram)
    {
        double cut = histogram.Total * PercentileTail;
        return new ValueRange((float)Quantile(histogram, cut), (float)Quantile(histogram, histogram.Total - cut));
    }

    /// <summary>The value below which <paramref name="rank"/> values lie, interpolated within its bin.</summary>
    private static double Quantile(Histogram histogram, double rank)
    {
        double below = 0;
        for (int i = 0; i < histogram.Counts.Length; i++)
        {
            long count = histogram.Counts[i];
            if (below + count >= rank && count > 0)
            {
                double edge = histogram.Start + (i * histogram.Width);
                double value = edge + (Math.Max(rank - below, 0) / count * histogram.Width);
                return Math.Clamp(value, histogram.Min, histogram.Max);
            }

            below += count;
        }

        return histogram.Max;
    }

    /// <summary>Both ends in turn are narrowed to the least error, until neither moves.</summary>
    private static ValueRange MeanSquaredError(Histogram histogram)
    {
        ValueRange full = new ValueRange(histogram.Min, histogram.Max).WithZero();
        (int low, int high) = (100, 100);
        double best = Error(histogram, full);
        for (bool moved = true; moved;)
        {
            moved = false;
            for (int percent = 100; percent >= NarrowestPercent; percent--)
            {
                Try(percent, high);
                Try(low, percent);
            }
        }

        return Narrowed(low, high);

        ValueRange Narrowed(int lowPercent, int highPercent) =>
            new(full.Min * (lowPercent / 100f), full.Max * (highPercent / 100f));

        void Try(int lowPercent, int highPercent)
        {
            if (full.Min == 0 && lowPercent != 100) return;
            if (full.Max == 0 && highPercent != 100) return;
            double error = Error(histogram, Narrowed(lowPercent, highPercent));
            if (error >= best) return;
            (best, low, high) = (error, lowPercent, highPercent);
        }
    }

    /// <summary>The squared error of quantizing every counted value, each taken as the middle of its bin.</summary>
    private static double Error(Histogram histogram, ValueRange range)
    {
        double scale = range.Scale;
        double zeroPoint = range.ZeroPoint;
        if (scale == 0) return double.PositiveInfinity;
        double sum = 0;
        for (int i = 0; i < histogram.Counts.Length; i++)
        {
            long count = histogram.Counts[i];
            if (count == 0) continue;
            double value = histogram.Start + ((i + 0.5) * histogram.Width);
            double q = Math.Clamp(Math.Round(value / scale) + zeroPoint, -128, 127);
            double error = value - ((q - zeroPoint) * scale);
            sum += count * error * error;
        }

        return sum;
    }
}
