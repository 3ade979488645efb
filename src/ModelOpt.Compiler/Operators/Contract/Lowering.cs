using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Contract;

/// <summary>
/// Writes a graph as TFLite operators. Operators lower themselves (<see cref="Operator.Lower"/>); this class records in which axis order
/// and form (float or quantized) each value is stored.
/// </summary>
/// <remarks>
/// Layout is an <em>order</em>: stored axis <c>i</c> holds ONNX axis <c>order[i]</c>. A convolution asks for its input in
/// <see cref="Nhwc"/> and defines its output in <see cref="Nhwc"/>; an Add works in whatever order its inputs are stored;
/// a Transpose only relabels. A TRANSPOSE is written where a value is asked for in an order that it is not stored in, so
/// that a plain CNN has one, at its input.
/// <para>
/// An annotated value is always rounded to its grid: the file stores its quantized form; its float form is the DEQUANTIZE of that. The
/// file's inputs and outputs are float where the ONNX file's are.
/// </para>
/// </remarks>
internal sealed partial class Lowering
{
    private readonly Graph _graph;
    private readonly TfliteModelBuilder _model;
    private readonly HashSet<Node> _fused = [];
    private List<Diagnostic>? _refusals;

    private Lowering(Graph graph)
    {
        (_graph, _model) = (graph, new TfliteModelBuilder());
        _batch = graph.Batch;
    }

    /// <summary>Batch, height, width, channel, for values that ONNX keeps as NCHW.</summary>
    public static ReadOnlySpan<int> Nhwc => [0, 2, 3, 1];

    /// <summary>Writes a graph as a TFLite file. The same graph gives the same bytes.</summary>
    /// <param name="graph">The graph, with shapes.</param>
    /// <exception cref="CompilationException">TFLite cannot express the graph.</exception>
    public static byte[] Write(Graph graph, CancellationToken cancellation = default)
    {
        Lowering lowering = new(graph);
        lowering.Lower(cancellation);
        return lowering._model.Write();
    }

    /// <summary>Writes a graph as a TFLite file, and lists its custom operators, which TFLite lacks.</summary>
    /// <exception cref="CompilationException">TFLite cannot express the graph.</exception>
    public static (byte[] File, IReadOnlyList<BuiltinOperator> Custom) WriteAndList(Graph graph, CancellationToken cancellation)
    {
        Lowering lowering = new(graph);
        lowering.Lower(cancellation);
        return (lowering._model.Write(), lowering._model.CustomOperators);
    }

    /// <summary>Writes a graph so that values it stores are outputs too, as real numbers: for a look inside.</summary>
    /// <param name="graph">As for <see cref="Write"/>.</param>
    /// <param name="chosen">Which of these values; all where null.</param>
    /// <returns>The file, and the values that its outputs are: the graph's outputs first.</returns>
    /// <exception cref="CompilationException">TFLite cannot express the graph.</exception>
    public static (byte[] File, IReadOnlyList<Value> Values) WriteExposed(
        Graph graph, Func<Value, bool>? chosen = null, CancellationToken cancellation = default)
    {
        Lowering lowering = new(graph);
        lowering.Lower(cancellation);
        Value[] inside = [.. graph.Values.Where(v =>
            !v.IsConstant && lowering._views.ContainsKey(v) && !graph.IsOutput(v) && !graph.Inputs.Contains(v)
                && chosen?.Invoke(v) != false)];
        foreach (Value value in inside) lowering.DefineOutput(value);
        return (lowering._model.Write(), [.. graph.Outputs, .. inside]);
    }

    private void Lower(CancellationToken cancellation)
    {
        LowerNodes(cancellation);
        foreach (Value output in _graph.Outputs) Try(() => DefineOutput(output), []);
    }

    private void LowerNodes(CancellationToken cancellation)
    {
        _cancellation = cancellation;
        foreach (Value input in _graph.Inputs) Try(() => DefineInput(input), [input]);
        foreach (Node node in _graph.Nodes)
        {
            cancellation.ThrowIfCancellationRequested();
            if (!_fused.Contains(node)) Try(() => Lower(node), node.Outputs);
        }
    }

    private void Lower(Node node)
    {
        if (!Operator.Of(node).TakesComputedSizes(node) && node.Inputs.Concat(node.Outputs).FirstOrDefault(IsOpen) is { } open)
            throw IsComputed(open) ? EmitDiagnostics.UnsupportedForm.Error(
                node.Label, node.Type, $"'{open.Name}' has shape {open.Shape}, which depends on values")
                : GraphDiagnostics.DynamicShape.Error(node.Label, open.Name, open.Shape);

        Operator.Of(node).Lower(this, node);
        if (FusedActivation.Of(_graph, node) is { } activation && !_fused.Contains(activation))
            throw GraphDiagnostics.InvalidGraph.Error(node.Label, $"the lowering of {node.Type} left its activation out");
    }

    /// <summary>Whether a node computes on integers; see <see cref="IntegerForm"/>.</summary>
    public bool RunsQuantized(Node node) => IntegerForm.Is(_graph, node);

    /// <summary>
    /// The activation to write as part of this node: that of the Relu or Clip that alone reads the result. From then on
    /// <see cref="Output(Node, int, ReadOnlySpan{int})"/> gives the activation's output.
    /// </summary>
    /// <param name="node">A node that <see cref="FusedActivation"/> names as a host.</param>
    public ActivationFunction TakeActivation(Node node)
    {
        if (FusedActivation.Of(_graph, node) is not { } activation) return ActivationFunction.None;
        _fused.Add(activation);
        return FusedActivation.BoundsOf(activation) switch
        {
            ActivationBounds.Relu => ActivationFunction.Relu,
            ActivationBounds.Relu6 => ActivationFunction.Relu6,
            _ => ActivationFunction.ReluN1To1,
        };
    }

    /// <summary>Writes an operator.</summary>
    /// <param name="inputs">Its inputs; null for an optional one that is left out.</param>
    /// <param name="options">Its options; null where it has none.</param>
    public void Emit(
        BuiltinOperator op,
        ReadOnlySpan<TfliteTensor?> inputs,
        ReadOnlySpan<TfliteTensor> outputs,
        IOperatorOptions? options = null)
    {
        foreach (TfliteTensor? tensor in (ReadOnlySpan<TfliteTensor?>)[.. inputs, .. outputs])
        {
            if (tensor is { Rank: > Runtime.Model.Tensor.MaxRank })
                throw EmitDiagnostics.UnsupportedForm.Error(
                    tensor.Name, op, $"a tensor has {tensor.Rank} dimensions, and there are at most {Runtime.Model.Tensor.MaxRank}");
        }

        _model.Add(new TfliteOperator(op, inputs.ToArray(), outputs.ToArray(), options));
    }

    /// <summary>A tensor for a result between the operators that one node becomes.</summary>
    /// <param name="dims">The sizes in stored order; 1 at the open axis.</param>
    /// <param name="openAxis">The axis left open, or -1.</param>
    /// <param name="quantization">The grid, or null.</param>
    public static TfliteTensor Temporary(
        Node node, TensorType type, ReadOnlySpan<int> dims, int openAxis = -1, Quantization? quantization = null) =>
        new($"{node.Label}/temporary", type, dims, openAxis, quantization);

    /// <summary>A tensor like another but for its sizes: same type, open axis and grid.</summary>
    /// <param name="dims">The sizes in stored order; as many as those of <paramref name="like"/>.</param>
    public static TfliteTensor Temporary(Node node, TfliteTensor like, ReadOnlySpan<int> dims) =>
        Temporary(node, like.Type, dims, like.OpenAxis, like.Quantization);

    private Value Effective(Node node, Value output) =>
        output == node.Outputs[0] && FusedActivation.Of(_graph, node) is { } activation ? activation.Output : output;
}
