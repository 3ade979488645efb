using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Movement;

namespace ModelOpt.Compiler.Onnx;

/// <summary>
/// Where QDQ pairs stand around a Relu or Clip. ONNX Runtime runs a layer in integers only where the pair follows it, so
/// an activation whose bounds the grid has anyway (saturation does its work) is left out; before any other that belongs to
/// a layer the layer's result is put on the same grid, which changes no result: rounding is monotone.
/// </summary>
internal sealed class QdqPlan
{
    private readonly Dictionary<Node, Value> _dropped = [];
    private readonly Dictionary<Value, Value> _storedAs = [];
    private readonly Dictionary<Value, Quantization> _inner = [];
    private readonly HashSet<Value> _unrounded = [];
    private readonly HashSet<Node> _passed = [];

    private QdqPlan()
    {
    }

    /// <summary>
    /// Whether a node only rounds a mover's output to another grid. It reads that before its pair: there the value lies on its grid
    /// already, and ONNX Runtime would merge two pairs in a row into one, which rounds differently.
    /// </summary>
    public static bool ReadsUnrounded(Node node) => node.Type == "Identity"
        && node.Input(0) is { Producer: { } mover, Quantization: { } grid } && !grid.Equals(node.Output.Quantization)
        && IntegerForm.StaysOn(mover, grid) && IntegerForm.Data(mover).All(v => grid.Equals(v.Quantization));

    /// <summary>
    /// Whether the Identity that rounds a value is left out: all Concats that read it round it to the same grid, and nothing reads their
    /// results before.
    /// </summary>
    public static bool IsRoundedByConcat(Graph graph, Value value) => IsInside(graph, value) && value.Producer!.Type == "Identity"
        && value.Consumers.All(n => n.Type == "Concat" && value.Quantization!.Equals(n.Output.Quantization)
            && !n.Output.Consumers.Any(ReadsUnrounded));

    /// <summary>Decides for a graph.</summary>
    public static QdqPlan Of(Graph graph)
    {
        QdqPlan plan = new();
        foreach (Node host in graph.Nodes)
        {
            if (FusedActivation.Of(graph, host) is not { } activation) continue;
            Value result = activation.Output;
            if (result.Quantization is not { IsPerTensor: true } grid) continue;
            if (Covers(grid, activation))
            {
                plan._dropped[activation] = result;
                plan._storedAs[host.Output] = result;
            }
            else
            {
                plan._inner[host.Output] = grid;
            }
        }

        plan._unrounded.UnionWith(graph.Values.Where(v => IsInside(graph, v) && v.Consumers.All(ReadsUnrounded)));
        plan._passed.UnionWith(graph.Values.Where(v => IsRoundedByConcat(graph, v)).Select(v => v.Producer!));
        return plan;
    }

    /// <summary>Whether a node is left out.</summary>
    public bool IsDropped(Node node) => _dropped.ContainsKey(node) || _passed.Contains(node);

    /// <summary>The value to read instead of another: the input of a left-out Identity, or itself.</summary>
    public Value ReadAs(Value value) => value.Producer is { } producer && _passed.Contains(producer) ? producer.Input(0) : value;

    /// <summary>The value that a node's output is written as: that of the activation left out behind it, or itself.</summary>
    public Value StoredAs(Value value) => _storedAs.GetValueOrDefault(value, value);

    /// <summary>The grid that a value is rounded to, or null.</summary>
    public Quantization? GridOf(Value value) =>
        _unrounded.Contains(value) ? null : value.Quantization ?? _inner.GetValueOrDefault(value);

    private static bool IsInside(Graph graph, Value value) =>
        value is { Quantization: not null, Producer: not null, Consumers.Count: > 0 } && !graph.IsOutput(value);

    /// <summary>Whether saturation on the grid replaces the activation: both bounds fall on its ends.</summary>
    private static bool Covers(Quantization grid, Node activation)
    {
        (int min, int max) = QuantizationMath.Range(grid.Type);
        (float low, float high) = FusedActivation.BoundsOf(activation) switch
        {
            ActivationBounds.Relu => (0f, float.PositiveInfinity),
            ActivationBounds.Relu6 => (0f, 6f),
            _ => (-1f, 1f),
        };
        Tensor ends = grid.Round(Tensor.Vector(low, Math.Min(high, float.MaxValue)));
        Tensor limits = grid.Dequantize(Casting.To(Tensor.Vector(min, max), grid.Type));
        return ends.Span<float>().SequenceEqual(limits.Span<float>());
    }
}
