using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Numerics;

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

    /// <summary>The smallest and the largest value of each channel (axis 1); empty where the values have none.</summary>
    public (float Min, float Max)[] Channels { get; private set; } = [];

    /// <summary>Takes one sample's values.</summary>
    /// <param name="tensor">The activation for one sample, float32.</param>
    /// <returns>False where a value is not finite.</returns>
    public bool Add(Tensor tensor)
    {
        ReadOnlySpan<float> values = tensor.Span<float>();
        if (tensor.Rank < 2 || tensor.Count == 0) return Add(values);
        int channels = tensor.Dims[1], inner = values.Length / tensor.Dims[0] / channels;
        if (Channels.Length == 0) Channels = [.. Enumerable.Repeat((float.PositiveInfinity, float.NegativeInfinity), channels)];
        for (int start = 0, c = 0; Channels.Length == channels && start < values.Length; start += inner, c = (c + 1) % channels)
        {
            (float min, float max) = Extremes.Of(values.Slice(start, inner));
            Channels[c] = (MathF.Min(min, Channels[c].Min), MathF.Max(max, Channels[c].Max));
        }

        return Add(values);
    }

    /// <summary>Takes one sample's values.</summary>
    /// <param name="values">The values of the activation for one sample.</param>
    /// <returns>False where a value is not finite.</returns>
    public bool Add(ReadOnlySpan<float> values)
    {
        if (!Histogram.Add(values)) return false;
        if (values.IsEmpty) return true;
        (float min, float max) = Extremes.Of(values);
        AverageMin = _any ? AverageMin + (Momentum * (min - AverageMin)) : min;
        AverageMax = _any ? AverageMax + (Momentum * (max - AverageMax)) : max;
        _any = true;
        return true;
    }
}
