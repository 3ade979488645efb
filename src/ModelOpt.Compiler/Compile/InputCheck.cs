using System.Globalization;
using ModelOpt.Compiler.Calibration;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Compile;

/// <summary>
/// Warns where calibration samples look unlike those that a float model was trained with, which compression cannot see: both models agree
/// on nonsense. What is compared was learnt from the training data: the statistics of the first normalization, or else the first biases.
/// </summary>
internal static class InputCheck
{
    private const int Most = 32;

    // Data of another kind differs by less, another range of numbers (0…1 for 0…255) by far more.
    private const double MostOfVariance = 25;
    private const double MostOfShift = 5;
    // Where batch normalization was folded, biases are about as large as what varies.
    private const double LeastOfBias = 1.0 / 30;

    // Steps that only change numbers one by one, or move them.
    private static readonly string[] Passed =
        ["Identity", "Cast", "Transpose", "Pad", "Reshape", "Squeeze", "Unsqueeze", "Flatten", "Sub", "Add", "Mul", "Div", "Dropout"];

    /// <summary>Looks at each input.</summary>
    /// <param name="original">The model as it was read.</param>
    public static void Run(Graph original, PassContext context)
    {
        try
        {
            Look(original, context);
        }
        catch (CompilationException)
        {
            // What does not run on the samples was said before.
        }
    }

    private static void Look(Graph original, PassContext context)
    {
        if (!context.IsCalibrated || original.States.Count > 0) return;
        Graph graph = original.Examples.Count == 0 ? original : original.AtExample();
        FirstLayer[] layers = [.. graph.FedInputs.Where(i => i.Type == ElementType.Float32).Select(FirstLayer.Behind).OfType<FirstLayer>()];
        if (layers.Length == 0) return;
        Dictionary<Value, ChannelMoments> moments =
            layers.Select(l => l.Observed).Distinct().ToDictionary(v => v, _ => new ChannelMoments());
        using Calibrator calibrator = new(graph, context);
        int[] samples = calibrator.Used(Most);
        var interpreter = new Interpreter(graph, moments.Keys) { Pool = context.Pool };
        foreach (int sample in samples)
        {
            Tensor[] values = interpreter.Run(calibrator.At(sample), context.Cancellation);
            foreach ((Tensor tensor, ChannelMoments m) in values.Zip(moments.Values)) m.Add(tensor);
        }

        foreach (FirstLayer layer in layers)
        {
            if (layer.Judge(moments[layer.Observed]) is { } reason)
                context.Diagnostics.Report(VerificationDiagnostics.StrangeInputs.At(null, layer.Label, layer.Input.Name, reason));
        }
    }

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length == 0 ? double.NaN : sorted[sorted.Length / 2];
    }

    private static string Text(double value) => value.ToString("G2", CultureInfo.InvariantCulture);

    /// <summary>Mean and variance of each channel, axis 1 of tensors.</summary>
    private sealed class ChannelMoments
    {
        private double[] _sums = [], _squares = [];
        private long _count;

        public void Add(Tensor tensor)
        {
            int channels = tensor.Dims[1], inner = 1;
            foreach (int size in tensor.Dims[2..]) inner *= size;
            if (_sums.Length == 0) (_sums, _squares) = (new double[channels], new double[channels]);
            ReadOnlySpan<float> values = tensor.Span<float>();
            for (int i = 0; i < values.Length; i++)
            {
                int channel = i / inner % channels;
                _sums[channel] += values[i];
                _squares[channel] += (double)values[i] * values[i];
            }

            _count += values.Length / channels;
        }

        public int Channels => _sums.Length;

        public double Mean(int channel) => _sums[channel] / _count;

        public double Variance(int channel) => Math.Max(0, (_squares[channel] / _count) - (Mean(channel) * Mean(channel)));
    }

    /// <summary>What was learnt first behind an input.</summary>
    /// <param name="Observed">The value to compare it with, its channels along axis 1.</param>
    /// <param name="Means">The means of the normalization, or the biases.</param>
    /// <param name="Variances">Its variances; null for biases.</param>
    private sealed record FirstLayer(Value Input, Value Observed, string Label, float[] Means, float[]? Variances)
    {
        public static FirstLayer? Behind(Value input)
        {
            Value value = input;
            while (value.Consumers is [var node] && node.Outputs.Count == 1)
            {
                bool others = node.Inputs.Where(i => i is not null && i != value).All(i => i!.IsConstant);
                if (!others) return null;
                if (Normalization(input, value) is { } first) return first;
                if (node.Type is "Conv" or "Gemm" or "MatMul") return Normalization(input, node.Output) ?? Biased(input, node);
                if (!Passed.Contains(node.Type)) return null;
                value = node.Output;
            }

            return null;
        }

        /// <summary>Why the observed values do not fit; null where they do.</summary>
        public string? Judge(ChannelMoments observed)
        {
            if (observed.Channels != Means.Length) return null;
            int[] channels = [.. Enumerable.Range(0, Means.Length)];
            // That data is always the same is said elsewhere.
            if (channels.All(c => observed.Variance(c) == 0)) return null;
            if (Variances is null)
            {
                double share = Median(channels.Where(c => Means[c] != 0).Select(c => Math.Sqrt(observed.Variance(c)) / Math.Abs(Means[c])));
                return share < LeastOfBias ? $"what the first layer makes of them varies by {Text(share)} of its biases" : null;
            }

            int[] alive = [.. channels.Where(c => Variances[c] > 1e-12)];
            double ratio = Median(alive.Select(c => observed.Variance(c) / Variances[c]));
            double shift = Median(alive.Select(c => Math.Abs(observed.Mean(c) - Means[c]) / Math.Sqrt(Variances[c])));
            return ratio is > MostOfVariance or < 1 / MostOfVariance
                ? $"the first normalization was trained on values of {Text(Math.Sqrt(1 / ratio))} times their deviation"
                : shift > MostOfShift ? $"they are {Text(shift)} deviations off the mean of the first normalization's training" : null;
        }

        private static FirstLayer? Normalization(Value input, Value value) =>
            value.Consumers is [{ Type: "BatchNormalization" } norm]
            && norm.InputOrNull(3)?.Constant is { Type: ElementType.Float32 } mean && norm.InputOrNull(4)?.Constant is { } variance
                ? new FirstLayer(input, value, norm.Label, Elements.ToFloats(mean), Elements.ToFloats(variance)) : null;

        private static FirstLayer? Biased(Value input, Node node)
        {
            Value? bias = node.InputOrNull(2) ?? (node.Output.Consumers is [{ Type: "Add" } add]
                ? add.Inputs.FirstOrDefault(i => i?.IsConstant == true) : null);
            return bias?.Constant is { Type: ElementType.Float32 } constant && node.Output.Shape is { Rank: >= 2 }
                ? new FirstLayer(input, node.Output, node.Label, Elements.ToFloats(constant), null) : null;
        }
    }
}
