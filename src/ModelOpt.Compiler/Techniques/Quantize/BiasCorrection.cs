using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Numerics;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Generation;

namespace ModelOpt.Compiler.Techniques.Quantize;

/// <summary>
/// Fast bias correction: rounding the weights shifts the mean of each output channel, and the bias takes the shift back.
/// <c>b_c += mean_c(float output) − mean_c(quantized output)</c>, layer by layer, so that later layers see corrected inputs
/// (Nagel et al., "Data-Free Quantization through Weight Equalization and Bias Correction", 2019, section 4.2). The means
/// are taken before the output is rounded: in a channel of little variance rounding has a mean of its own, and a bias that compensates
/// for it moves the output by a whole step.
/// </summary>
internal static class BiasCorrection
{
    /// <summary>At most how many samples the means are taken over; all pass through the graph side by side.</summary>
    public const int Samples = 64;

    /// <summary>At most how many bytes the largest activation of all these samples may take.</summary>
    public const long ActivationBytes = 1 << 27;

    /// <summary>The mean of each output channel of each layer, in float.</summary>
    /// <param name="graph">The graph, not yet annotated.</param>
    /// <param name="samples">For each sample a tensor for each graph input.</param>
    public static Dictionary<Value, double[]> FloatMeans(
        Graph graph, IEnumerable<Node> layers, Tensor[][] samples, Workers workers)
    {
        Dictionary<Value, double[]> means = layers.Where(CanCorrect).ToDictionary(n => n.Output, _ => Array.Empty<double>());
        Dictionary<Value, long> counts = [];
        Interpreter interpreter = new(graph, means.Keys)
        {
            Pool = workers.Pool, Reuses = true, IsWatched = true, Hook = (value, tensor) =>
            {
                if (!means.TryGetValue(value, out double[]? sums)) return;
                if (sums.Length == 0) means[value] = sums = new double[tensor.Dims[1]];
                AddSums(tensor, sums);
                counts[value] = counts.GetValueOrDefault(value) + tensor.Count;
            },
        };
        foreach (Tensor[] sample in samples) interpreter.Run(sample, workers.Cancellation);
        foreach ((Value value, double[] sums) in means)
        {
            for (int c = 0; c < sums.Length; c++) sums[c] /= counts[value] / sums.Length;
        }

        return means;
    }

    /// <summary>Corrects the biases of an annotated graph.</summary>
    /// <param name="means">What <see cref="FloatMeans"/> gave for the same samples.</param>
    /// <param name="samples">The same samples, which go through the graph side by side.</param>
    /// <returns>The number of layers corrected.</returns>
    public static int Apply(Graph graph, Dictionary<Value, double[]> means, Tensor[][] samples, Workers workers)
    {
        int corrected = 0;
        Interpreter interpreter = new(graph, means.Keys)
        {
            Pool = workers.Pool, FakeQuantize = true, Reuses = true, IsWatched = true, BeforeRounding = Correct,
        };
        interpreter.RunTogether(samples, workers.Cancellation);
        return corrected;

        void Correct(Value value, IReadOnlyList<Tensor> tensors)
        {
            if (!means.TryGetValue(value, out double[]? wanted)) return;
            Node layer = value.Producer!;
            double[] got = ChannelMeans(tensors);
            float[] shift = [.. wanted.Zip(got, (w, g) => (float)(w - g))];
            foreach (Tensor tensor in tensors) Shift(tensor, shift);
            Value bias = layer.InputOrNull(2) ?? NoBias(graph, layer, shift.Length);
            float[] values = bias.Constant!.Span<float>().ToArray();
            for (int c = 0; c < shift.Length; c++) values[c] += shift[c];
            bias.Constant = bias.Quantization!.Round(Tensor.Vector<float>(values));
            corrected++;
        }
    }

    private static bool CanCorrect(Node layer) =>
        Operator.Of(layer).Quantization == QuantizationRule.Weighted && Operator.Of(layer).WeightAxis(layer) >= 0
        && layer.InputOrNull(2) is not { Constant.Rank: not 1 };

    private static Value NoBias(Graph graph, Node layer, int channels)
    {
        Value bias = graph.AddConstant($"{layer.Label}_bias", Tensor.Zeros(ElementType.Float32, [channels]));
        layer.SetInput(2, bias);
        WeightGrid.FollowBias(layer);
        return bias;
    }

    /// <summary>The mean over all axes but the channel axis (1), in a fixed order.</summary>
    private static double[] ChannelMeans(IReadOnlyList<Tensor> tensors)
    {
        int channels = tensors[0].Dims[1];
        double[] means = new double[channels];
        foreach (Tensor tensor in tensors) AddSums(tensor, means);
        for (int c = 0; c < channels; c++) means[c] /= tensors.Sum(t => (long)t.Count) / channels;
        return means;
    }

    private static void AddSums(Tensor tensor, double[] sums)
    {
        int inner = tensor.Count / tensor.Dims[0] / sums.Length;
        ReadOnlySpan<float> values = tensor.Span<float>();
        for (int start = 0; start < values.Length; start += inner)
        {
            double sum = 0;
            foreach (float value in values.Slice(start, inner)) sum += value;
            sums[start / inner % sums.Length] += sum;
        }
    }

    private static void Shift(Tensor tensor, float[] shift)
    {
        int inner = tensor.Count / tensor.Dims[0] / shift.Length;
        Span<float> values = tensor.Span<float>();
        for (int start = 0; start < values.Length; start += inner)
        {
            float by = shift[start / inner % shift.Length];
            foreach (ref float value in values.Slice(start, inner)) value += by;
        }
    }
}
