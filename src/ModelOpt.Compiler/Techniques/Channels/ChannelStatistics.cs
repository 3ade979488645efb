using ModelOpt.Compiler.Calibration;
using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Techniques.Channels;

/// <summary>Mean and variance of each channel (axis 1) of activations, over samples and positions.</summary>
internal sealed class ChannelStatistics
{
    private readonly Dictionary<Value, (double[] Sums, double[] Squares)> _sums = [];
    private readonly Dictionary<Value, long> _counts = [];

    /// <summary>Runs the calibration samples.</summary>
    public ChannelStatistics(IEnumerable<Value> values, Calibrator calibrator, int samples)
    {
        foreach (Value value in values) _sums[value] = (new double[value.Shape![1].Size], new double[value.Shape[1].Size]);
        calibrator.Run(_sums.Keys, samples, "channels", (value, tensor) =>
        {
            (double[] first, double[] second) = _sums[value];
            int inner = tensor.Count / tensor.Dims[0] / first.Length;
            ReadOnlySpan<float> elements = tensor.Span<float>();
            for (int at = 0, c = 0; at < elements.Length; at += inner, c = (c + 1) % first.Length)
            {
                foreach (float x in elements.Slice(at, inner)) (first[c], second[c]) = (first[c] + x, second[c] + ((double)x * x));
            }

            _counts[value] = _counts.GetValueOrDefault(value) + ((long)tensor.Dims[0] * inner);
        });
    }

    /// <summary>The mean of a channel.</summary>
    public double Mean(Value value, int channel) => _sums[value].Sums[channel] / _counts[value];

    /// <summary>The variance of a channel.</summary>
    public double Variance(Value value, int channel) =>
        Math.Max(0, (_sums[value].Squares[channel] / _counts[value]) - Math.Pow(Mean(value, channel), 2));
}
