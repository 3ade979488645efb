using System.Numerics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Numerics;
using ModelOpt.Compiler.Operators;
using ModelOpt.Runtime.Threading;

namespace ModelOpt.Compiler.Training;

/// <summary>
/// Runs a graph forward, keeping what was computed, and then back: reverse-mode differentiation of some of its values by its
/// parameters. Values with an annotation are rounded to their grids; their gradients pass the rounding where the value lies within
/// the grid (straight-through estimator, Bengio et al. 2013).
/// </summary>
internal sealed class GradientTape
{
    private readonly Graph graph;
    private readonly Value[] outputs;
    private readonly HashSet<Value> wanted = [];
    private readonly Dictionary<Value, Tensor> computed = [];
    private readonly Dictionary<Value, Tensor> unrounded = [];

    /// <summary>Prepares a graph, whose nodes stay as they are from then on; constants may be replaced between runs.</summary>
    /// <param name="graph">The graph, sorted.</param>
    /// <param name="outputs">The values to differentiate.</param>
    public GradientTape(Graph graph, IReadOnlyList<Value> outputs)
    {
        (this.graph, this.outputs) = (graph, [.. outputs]);
        HashSet<Value> reached = [.. outputs];
        foreach (Node node in graph.Nodes.Reverse())
        {
            if (Operator.Of(node) is IDifferentiable && node.Outputs.OfType<Value>().Any(reached.Contains))
                reached.UnionWith(node.Inputs.OfType<Value>());
        }

        List<Value> parameters = [];
        HashSet<Value> trainable = [];
        List<Node> barriers = [];
        foreach (Node node in graph.Nodes)
        {
            foreach (Value parameter in ParametersOf(node))
            {
                if (trainable.Add(parameter) && reached.Contains(parameter)) parameters.Add(parameter);
            }

            if (!node.Inputs.OfType<Value>().Any(trainable.Contains)) continue;
            trainable.UnionWith(node.Outputs.OfType<Value>());
            if (Operator.Of(node) is not IDifferentiable && node.Outputs.OfType<Value>().Any(reached.Contains)) barriers.Add(node);
        }

        (Parameters, Barriers) = (parameters, barriers);
        wanted.UnionWith(trainable.Where(reached.Contains));
    }

    /// <summary>The constants that gradients are computed for, in the order of the nodes that read them.</summary>
    public IReadOnlyList<Value> Parameters { get; }

    /// <summary>Nodes without a gradient that keep parameters before them from being trained.</summary>
    public IReadOnlyList<Node> Barriers { get; }

    /// <summary>Threads to work on, or null; results do not depend on them.</summary>
    public WorkerPool? Pool { get; init; }

    /// <summary>Runs the graph and keeps what <see cref="Backward"/> needs.</summary>
    /// <param name="inputs">A tensor for each graph input.</param>
    /// <param name="cancellation">Ends the run.</param>
    /// <returns>The values to differentiate, as computed.</returns>
    public Tensor[] Forward(IReadOnlyList<Tensor> inputs, CancellationToken cancellation = default)
    {
        computed.Clear();
        unrounded.Clear();
        // A new one for each run: it remembers rounded constants, and these change from run to run.
        Interpreter interpreter = new(graph, outputs)
        {
            Pool = Pool,
            FakeQuantize = true,
            Hook = (value, tensor) => computed[value] = tensor,
            BeforeRounding = (value, tensor) =>
            {
                if (value.Quantization is not null) unrounded[value] = tensor;
            },
        };
        return interpreter.Run(inputs, cancellation);
    }

    /// <summary>The gradients of the parameters, given those of the differentiated values, at what the last run computed.</summary>
    /// <param name="gradients">A gradient for each differentiated value, of its shape; null where it has none.</param>
    /// <param name="cancellation">Ends the run.</param>
    /// <returns>A gradient for each of <see cref="Parameters"/>, of its shape.</returns>
    public Tensor[] Backward(IReadOnlyList<Tensor?> gradients, CancellationToken cancellation = default)
    {
        Dictionary<Value, Tensor> open = [];
        for (int i = 0; i < outputs.Length; i++)
        {
            if (gradients[i] is { } gradient) Add(open, outputs[i], gradient);
        }

        foreach (Node node in graph.Nodes.Reverse())
        {
            cancellation.ThrowIfCancellationRequested();
            Tensor?[] given = [.. node.Outputs.Select(v => v is not null && open.Remove(v, out Tensor? g) ? Rounded(v, g) : null)];
            if (given.All(g => g is null) || Operator.Of(node) is not IDifferentiable op) continue;
            bool[] asked = [.. node.Inputs.Select(v => v is not null && wanted.Contains(v))];
            if (!asked.Contains(true)) continue;
            var context = new BackwardContext(
                node, [.. node.Inputs.Select(TensorOf)], [.. node.Outputs.Select(TensorOf)], given, asked) { Pool = Pool };
            Guard.Run(node, () => op.Backward(context));
            for (int i = 0; i < asked.Length; i++)
            {
                if (asked[i] && context.Gradients[i] is { } gradient) Add(open, node.Inputs[i]!, gradient);
            }
        }

        return [.. Parameters.Select(p => open.GetValueOrDefault(p) ?? Tensor.Zeros(ElementType.Float32, p.Constant!.Dims))];
    }

    /// <summary>The first value of the last run with an element that is not finite; null where there is none.</summary>
    public Value? FirstNotFinite() => graph.Nodes.SelectMany(n => n.Outputs).OfType<Value>().FirstOrDefault(v =>
        computed.GetValueOrDefault(v) is { Type: ElementType.Float32 } tensor
        && tensor.Span<float>().ContainsAnyExceptInRange(float.MinValue, float.MaxValue));

    /// <summary>The root mean square of a value's elements in the last run.</summary>
    /// <param name="value">A computed value.</param>
    public double RootMeanSquare(Value value)
    {
        ReadOnlySpan<float> elements = computed[value].Span<float>();
        return Math.Sqrt(FixedOrderSum.Dot(elements, elements) / Math.Max(1, elements.Length));
    }

    private static IEnumerable<Value> ParametersOf(Node node) => Operator.Of(node) is not IDifferentiable op ? []
        : op.Parameters.Select(node.InputOrNull).OfType<Value>().Where(v => v is { IsConstant: true, Type: ElementType.Float32 });

    private Tensor? TensorOf(Value? value) =>
        value is null ? null : value.Constant ?? computed.GetValueOrDefault(value);

    /// <summary>The gradient of a value before it was rounded to its grid.</summary>
    private Tensor Rounded(Value value, Tensor gradient)
    {
        if (!unrounded.TryGetValue(value, out Tensor? before) || value.Quantization is not { IsPerTensor: true } grid) return gradient;
        (int least, int most) = QuantizationMath.Range(grid.Type);
        float low = (least - grid.ZeroPoint - 0.5f) * grid.Scale, high = (most - grid.ZeroPoint + 0.5f) * grid.Scale;
        Tensor result = Tensor.Zeros(ElementType.Float32, gradient.Dims);
        ElementRanges.Run(result.Count, Pool, (start, length) => Clip.Gradient(
            before.As<float>().Slice(start, length), low, high, gradient.As<float>().Slice(start, length),
            result.As<float>().Slice(start, length)));
        return result;
    }

    /// <summary>A value's gradient is the sum of those from its readers. Gradients may be shared, so sums are new tensors.</summary>
    private void Add(Dictionary<Value, Tensor> open, Value value, Tensor gradient)
    {
        if (!open.TryGetValue(value, out Tensor? other))
        {
            open[value] = gradient;
            return;
        }

        Tensor sum = Tensor.Zeros(ElementType.Float32, gradient.Dims);
        ElementRanges.Run(sum.Count, Pool, (start, length) => Sum(
            other.As<float>().Slice(start, length), gradient.As<float>().Slice(start, length), sum.As<float>().Slice(start, length)));
        open[value] = sum;
    }

    private static void Sum(ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> sum)
    {
        int i = 0;
        for (; i <= sum.Length - Vector<float>.Count; i += Vector<float>.Count)
            (new Vector<float>(a[i..]) + new Vector<float>(b[i..])).CopyTo(sum[i..]);
        for (; i < sum.Length; i++) sum[i] = a[i] + b[i];
    }
}
