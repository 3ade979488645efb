namespace ModelOpt.Compiler.Calibration;

/// <summary>Statistics of one activation over the calibration samples. Their size does not depend on the number of samples.</summary>
internal sealed class ActivationStatistics
{
    /// <summary>The weight of a new sample in the moving averages (TensorFlow's default).</summary>
    private const float Momentum = 0.01f;

    private bool _any;

    /// <summary>All values.</summary>
    public Histogram Histogram { get; } = new();

    /// <summary>The moving average of each sample's smallest value.</summary>
    public float AverageMin { get; private set; }

    /// <summary>The moving average of each sample's largest value.</summary>
    public float AverageMax { get; private set; }

    /// <summary>Takes one sample's values.</summary>
    /// <param name="values">The values of the activation for one sample.</param>
    /// <returns>False where a value is not finite.</returns>
    public bool Add(ReadOnlySpan<float> values)
    {
        if (!Histogram.Add(values)) return false;
        if (values.IsEmpty) return true;
        (float min, float max) = (float.PositiveInfinity, float.NegativeInfinity);
        foreach (float value in values)
        {
            min = MathF.Min(min, value);
            max = MathF.Max(max, value);
        }

        AverageMin = _any ? AverageMin + (Momentum * (min - AverageMin)) : min;
        AverageMax = _any ? AverageMax + (Momentum * (max - AverageMax)) : max;
        _any = true;
        return true;
    }
}
