using ModelOpt.Compiler.Calibration;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Techniques.Quantize;

/// <summary>
/// Narrows the range of a value that is read only by functions of each element that are flat at an end, as HardSwish and Sigmoid are: of
/// all numbers below −3, HardSwish makes 0, so they need no steps. The range is that of least squared error behind the functions.
/// </summary>
internal sealed class FlatRanges
{
    // Each end is tried at so many places, each nearer to zero by this factor.
    private const int Places = 90;
    private const float Nearer = 0.95f;

    // A finer grid that gains less is chance.
    private const double LeastGain = 0.75;
    private const int Steps = 256;

    private readonly Histogram _histogram;
    private readonly Value _value;
    private readonly List<Node> _nodes = [];
    private readonly List<Value> _ends = [];
    private readonly ActivationStatistics _seen;
    private (float Factor, float Summand, float Min, float Max)[]? _factors;
    private readonly double[][] _wanted;
    private readonly double[] _steps;

    private FlatRanges(Graph graph, Value value, ActivationStatistics seen)
    {
        (_value, _seen, _histogram) = (value, seen, seen.Histogram);
        Histogram histogram = seen.Histogram;
        Follow(graph);
        double[] middles = [.. Enumerable.Range(0, histogram.Counts.Length)
            .Select(i => Math.Clamp(histogram.Start + ((i + 0.5) * histogram.Width), histogram.Min, histogram.Max))];
        _wanted = _ends.Contains(value) ? [] : Evaluate(middles);
        _steps = [.. _ends.Select((end, f) => end.Producer is { } producer && IntegerForm.Prescribed(producer) is { } grid ? grid.Scale
            : _wanted.Length == 0 ? 0 : (Math.Max(_wanted[f].Max(), 0) - Math.Min(_wanted[f].Min(), 0)) / (Steps - 1))];
    }

    /// <summary>The range for a value.</summary>
    /// <param name="seen">What the value was in calibration.</param>
    /// <param name="range">Its range if nothing is flat; it holds zero.</param>
    public static ValueRange Narrow(Graph graph, Value value, ActivationStatistics seen, ValueRange range)
    {
        if (range.Scale == 0 || graph.IsOutput(value) || value.Consumers.Count == 0) return range;
        FlatRanges flat = new(graph, value, seen);
        return flat._wanted.Length == 0 || Array.Exists(flat._steps, s => !(s > 0)) ? range : flat.Search(range);
    }

    /// <summary>Collects the nodes that compute functions of the value's elements, and their results that others read.</summary>
    private void Follow(Graph graph)
    {
        HashSet<Value> made = [_value];
        foreach (Node node in graph.Nodes)
        {
            if (!node.Inputs.Any(v => v is not null && made.Contains(v))) continue;
            bool isFactor = _factors is null && IsFactor(node);
            if (!isFactor && !IsMoved(node) && !IsFunction(node, made)) continue;
            if (isFactor) _factors = Factors(node);
            _nodes.Add(node);
            made.UnionWith(node.Outputs.OfType<Value>());
        }

        HashSet<Node> functions = [.. _nodes];
        foreach (Value value in _nodes.SelectMany(n => n.Outputs).OfType<Value>().Prepend(_value))
            if (graph.IsOutput(value) || value.Consumers.Any(c => !functions.Contains(c))) _ends.Add(value);
    }

    private static bool IsMoved(Node node) => Operator.Of(node).Quantization == QuantizationRule.SharesInput
        && Operator.Of(node).Traits(node).HasFlag(OperatorTraits.Moves) && Operator.Of(node).Fill(node) is null;

    /// <summary>Whether a node multiplies each channel by a number of its own, and adds one.</summary>
    private bool IsFactor(Node node) => node.Type == "Conv"
        && node.Input(1) is { Constant: { Type: ElementType.Float32 } weight } && node.InputOrNull(2) is null or { IsConstant: true }
        && weight.Count == weight.Dims[0] && node.Int("group", 1) == weight.Count
        && _seen.Channels.Length == weight.Count && node.Input(0).Shape!.Equals(node.Output.Shape);

    /// <summary>The different pairs of factor and summand, and where the values lie that they concern.</summary>
    private (float Factor, float Summand, float Min, float Max)[] Factors(Node node)
    {
        float[] factors = node.Input(1).Constant!.Span<float>().ToArray();
        float[] summands = node.InputOrNull(2)?.Constant is { } bias ? bias.Span<float>().ToArray() : new float[factors.Length];
        return [.. Enumerable.Range(0, factors.Length).GroupBy(c => (factors[c], summands[c])).Select(g =>
            (g.Key.Item1, g.Key.Item2, g.Min(c => _seen.Channels[c].Min), g.Max(c => _seen.Channels[c].Max)))];
    }

    /// <summary>Whether a node maps each element by itself, wherever it lies.</summary>
    private static bool IsFunction(Node node, HashSet<Value> made)
    {
        if (Operator.IsRandom(node) || node.Outputs.Count != 1 || node.Output is not { Type: ElementType.Float32, Shape: { } shape })
            return false;
        bool fits = node.Inputs.All(v => v is null or { Constant.Count: 1 }
            || (made.Contains(v) && v.Shape is { } own && own.Equals(shape)));
        AxisRoute[] routes = [.. Operator.Of(node).Axes(node)];
        return fits && Enumerable.Range(0, shape.Rank).All(axis => Array.Exists(routes, r => r.Keeps(true, 0, axis)
            && Enumerable.Range(0, node.Inputs.Count)
                .All(i => node.InputOrNull(i) is null or { IsConstant: true } || r.Keeps(false, i, axis))));
    }

    /// <summary>What the functions make of numbers: by end, and by number and factor.</summary>
    private double[][] Evaluate(double[] numbers)
    {
        int channels = _factors?.Length ?? 1;
        int[] dims = [numbers.Length, channels, .. Enumerable.Repeat(1, Math.Max(0, _value.Shape!.Rank - 2))];
        float[] repeated = [.. numbers.SelectMany(n => Enumerable.Repeat((float)n, channels))];
        Dictionary<Value, Tensor> tensors = new() { [_value] = Tensor.Of<float>(dims, repeated) };
        foreach (Node node in _nodes)
        {
            if (IsMoved(node))
            {
                foreach (Value output in node.Outputs.OfType<Value>()) tensors[output] = tensors[node.Input(0)];
                continue;
            }

            if (node.Type == "Conv")
            {
                float[] x = tensors[node.Input(0)].Span<float>().ToArray();
                for (int i = 0; i < x.Length; i++) x[i] = (x[i] * _factors![i % channels].Factor) + _factors[i % channels].Summand;
                tensors[node.Output] = Tensor.Of<float>(dims, x);
                continue;
            }

            // A constant of one element may have more axes than the numbers.
            ForwardContext context = new(node, [.. node.Inputs.Select(v => v is null ? null : v.Constant?.Reshape([]) ?? tensors[v])]);
            Operator.Of(node).Forward(context);
            tensors[node.Output] = context.Outputs[0]!;
        }

        return [.. _ends.Select(e => tensors[e].Span<float>().ToArray().Select(x => (double)x).ToArray())];
    }

    private ValueRange Search(ValueRange full)
    {
        double whole = Error(full, out _), best = whole;
        ValueRange chosen = full;
        for (bool moved = true; moved;)
        {
            ValueRange before = chosen;
            float factor = 1;
            for (int place = 0; place < Places; place++, factor *= Nearer)
            {
                Try(new ValueRange(full.Min * factor, chosen.Max));
                Try(new ValueRange(chosen.Min, full.Max * factor));
            }

            moved = chosen != before;
        }

        return best <= LeastGain * whole ? chosen : full;

        void Try(ValueRange range)
        {
            if (range.Scale == 0 || range == chosen) return;
            double error = Error(range, out bool isFlat);
            if (isFlat && error < best) (best, chosen) = (error, range);
        }
    }

    /// <summary>The squared error behind the functions, in their steps, if a value is rounded to the grid of a range.</summary>
    /// <param name="isFlat">Whether each function moves by at most a step from where the range ends.</param>
    private double Error(ValueRange range, out bool isFlat)
    {
        float scale = range.Scale;
        int zeroPoint = range.ZeroPoint;
        double[][] grid = Evaluate([.. Enumerable.Range(-128, Steps).Select(q => (double)scale * (q - zeroPoint))]);
        double sum = 0;
        int channels = _factors?.Length ?? 1;
        isFlat = true;
        ReadOnlySpan<long> counts = _histogram.Counts;
        for (int i = 0; i < counts.Length; i++)
        {
            if (counts[i] == 0) continue;
            double bin = _histogram.Width, middle = _histogram.Start + ((i + 0.5) * bin);
            double position = Math.Round(middle / scale) + zeroPoint + 128;
            int step = (int)Math.Clamp(position, 0, Steps - 1);
            for (int f = 0; f < _steps.Length; f++)
            {
                for (int c = 0; c < channels; c++)
                {
                    if (_factors is not null && (middle < _factors[c].Min - bin || middle > _factors[c].Max + bin)) continue;
                    double error = (grid[f][(step * channels) + c] - _wanted[f][(i * channels) + c]) / _steps[f];
                    if (position != step && Math.Abs(error) > 1) isFlat = false;
                    sum += counts[i] * error * error;
                }
            }
        }

        return sum;
    }
}
