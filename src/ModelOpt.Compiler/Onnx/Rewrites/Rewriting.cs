using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Operators.Generation;

namespace ModelOpt.Compiler.Onnx.Rewrites;

/// <summary>The rewriting of one node: makes the nodes that take its place, right before it.</summary>
/// <param name="opset">The model's opset, in whose form the node is.</param>
internal sealed class Rewriting(Graph graph, Node node, int opset)
{
    private readonly Value _output = node.Output;
    private bool _isNamed;

    /// <summary>The node, with its attributes.</summary>
    public Node Node => node;

    /// <summary>The model's opset, in whose form the node is.</summary>
    public int Opset => opset;

    /// <summary>The input at a position.</summary>
    public Value Input(int index) => node.Input(index);

    /// <summary>The input at a position, or null where it is omitted.</summary>
    public Value? InputOrNull(int index) => node.InputOrNull(index);

    /// <summary>Whether another output than the first is asked for.</summary>
    public bool Reads(int output) =>
        node.HasOutput(output) && (node.Outputs[output]!.Consumers.Count > 0 || graph.IsOutput(node.Outputs[output]!));

    /// <summary>The refusal of the node's form.</summary>
    /// <param name="reason">What is not supported.</param>
    public CompilationException Refusal(string reason) => GraphDiagnostics.UnsupportedForm.Error(node.Label, node.Type, reason);

    /// <summary>A constant.</summary>
    public Value Constant(Tensor tensor) => graph.AddConstant($"{node.Label}_constant", tensor);

    /// <summary>A constant vector of int64.</summary>
    public Value Longs(params ReadOnlySpan<long> numbers) => Constant(Tensor.Vector(numbers.ToArray()));

    /// <summary>A constant in the type of a value, or as it is where that is not known.</summary>
    public Value ConstantLike(Tensor tensor, Value like) =>
        Constant(like.Type == ElementType.Undefined ? tensor : Casting.To(tensor, like.Type));

    /// <summary>The refusal of an attribute.</summary>
    /// <param name="reason">What is wrong with it, such as "is missing".</param>
    public CompilationException Invalid(string attribute, string reason) =>
        GraphDiagnostics.InvalidAttribute.Error(node.Label, attribute, reason);

    /// <summary>An attribute with a number for each axis of a window.</summary>
    /// <param name="least">The least that a number may be, and what all are without the attribute.</param>
    /// <exception cref="CompilationException">It has other numbers.</exception>
    public long[] Each(string name, int count, long least)
    {
        long[] values = node.Ints(name) ?? [.. Enumerable.Repeat(least, count)];
        return values.Length == count && Array.TrueForAll(values, v => v >= least && v <= ushort.MaxValue) ? values
            : throw Invalid(name, $"is [{string.Join(", ", values)}]; {count} numbers of at least {least} are expected");
    }

    /// <summary>The integers of an input that follow from constants and sizes.</summary>
    /// <exception cref="CompilationException">They are known only when the model runs.</exception>
    public long[] KnownInts(int index, string name) =>
        node.Ints(KnownValue.Of(Input(index)) ?? throw Refusal($"input '{name}' is not a constant"), name);

    /// <summary>Adds a node.</summary>
    /// <returns>Its output.</returns>
    public Value Add(string type, Value?[] inputs, params ReadOnlySpan<(string Name, object Value)> attributes) =>
        AddTo(new Value(graph.UniqueName($"{_output.Name}_{type}")), type, "", inputs, attributes);

    /// <summary>Adds a node with several outputs.</summary>
    /// <returns>Its outputs.</returns>
    public Value[] AddSeveral(string type, Value?[] inputs, int outputs, params ReadOnlySpan<(string Name, object Value)> attributes)
    {
        Value[] results = [.. Enumerable.Range(0, outputs).Select(_ => new Value(graph.UniqueName($"{_output.Name}_{type}")))];
        Node added = graph.InsertBefore(node, new Node(type, "", inputs, results));
        foreach ((string key, object value) in attributes) added.Attributes.Add(key, value);
        return results;
    }

    /// <summary>Adds the node that takes over the name: the layer that options and reports name.</summary>
    /// <returns>Its output.</returns>
    public Value AddLayer(string type, Value?[] inputs, params ReadOnlySpan<(string Name, object Value)> attributes)
    {
        _isNamed = true;
        return AddTo(new Value(graph.UniqueName($"{_output.Name}_{type}")), type, node.Name, inputs, attributes);
    }

    /// <summary>Adds a node that makes one of the outputs.</summary>
    public void Make(int output, string type, Value?[] inputs, params ReadOnlySpan<(string Name, object Value)> attributes)
    {
        string name = output == 0 && !_isNamed ? node.Name : "";
        AddTo(node.Outputs[output]!, type, name, inputs, attributes);
    }

    /// <summary>Adds the node that makes the first output, and removes the rewritten one.</summary>
    public void Finish(string type, Value?[] inputs, params ReadOnlySpan<(string Name, object Value)> attributes)
    {
        Make(0, type, inputs, attributes);
        // What was made keeps its new producer.
        graph.Remove(node);
    }

    /// <summary>Makes the node one that another rewrite takes, and applies that.</summary>
    public void FinishAs(NodeRewrite rewrite, Value?[] inputs)
    {
        int count = inputs.Length;
        while (count > 0 && inputs[count - 1] is null) count--;
        Node next = graph.InsertBefore(
            node, new Node(rewrite.Type, node.Name, inputs[..count], [.. node.Outputs]) { Domain = rewrite.Domain });
        foreach ((string name, object value) in node.Attributes) next.Attributes.Add(name, value);
        graph.Remove(node);
        rewrite.Apply(graph, next, opset);
    }

    /// <summary>Removes the rewritten node, whose outputs others make.</summary>
    public void Remove() => graph.Remove(node);

    /// <summary>Says something of the model to whoever builds it.</summary>
    public void Remark(Diagnostic remark) => graph.Remarks.Add(remark);

    /// <summary>The numbers that integers stand for.</summary>
    /// <param name="index">The position of the integers; their scale and zero point stand behind them.</param>
    /// <param name="axis">The axis of scales, where there are several.</param>
    public Value Dequantize(int index, int axis = 1) => Dequantize(Input(index), Input(index + 1), InputOrNull(index + 2), axis);

    /// <summary>The numbers that integers stand for.</summary>
    /// <param name="axis">The axis of scales, where there are several.</param>
    public Value Dequantize(Value stored, Value scale, Value? zero, int axis = 1)
    {
        (scale, zero) = Fit(scale, zero);
        return Add("DequantizeLinear", [stored, scale, zero], ("axis", (long)axis));
    }

    /// <summary>Rounds numbers to integers, which are the first output.</summary>
    /// <param name="zero">The zero point; null for zero of the type that the inputs have.</param>
    public void FinishQuantized(Value real, Value scale, Value? zero, Value like, int axis = 1)
    {
        (scale, zero) = Fit(scale, zero);
        zero ??= Constant(Tensor.Zeros(StoredType(like), scale.Constant is { } known ? known.Dims : []));
        Finish("QuantizeLinear", [real, scale, zero], ("axis", (long)axis));
    }

    /// <summary>The number of dimensions of a value.</summary>
    /// <exception cref="CompilationException">Neither the file says it, nor what makes the value.</exception>
    public int RankOf(Value value) =>
        value.Shape?.Rank ?? throw Refusal($"the file does not say how many dimensions '{value.Name}' has");

    /// <summary>The type of a value of integers.</summary>
    /// <exception cref="CompilationException">Neither the file says it, nor what makes the value.</exception>
    public ElementType StoredType(Value value)
    {
        for (Value at = value; ;)
        {
            if (at.Producer is { Type: "QuantizeLinear", Domain.Length: 0 } quantize) return LinearGrid.StoredType(quantize);
            if (at.Type != ElementType.Undefined) return at.Type;
            if (at.Producer?.InputOrNull(0) is not { } input) break;
            at = input;
        }

        throw Refusal($"the file does not say which type '{value.Name}' has");
    }

    private Value AddTo(
        Value output, string type, string name, Value?[] inputs, ReadOnlySpan<(string Name, object Value)> attributes)
    {
        int count = inputs.Length;
        while (count > 0 && inputs[count - 1] is null) count--;
        Node added = graph.InsertBefore(node, new Node(type, name, inputs[..count], [output]));
        foreach ((string key, object value) in attributes) added.Attributes.Add(key, value);
        return output;
    }

    /// <summary>Scales and zero points in the same number, where one is one for all.</summary>
    private (Value Scale, Value? Zero) Fit(Value scale, Value? zero)
    {
        if (scale.Constant is not { } s || zero?.Constant is not { } z || s.Count == z.Count) return (scale, zero);
        if (z.Count == 1) return (scale, Constant(Repeat(z, s.Dims)));
        return s.Count == 1 ? (Constant(Repeat(s, z.Dims)), zero) : (scale, zero);
    }

    private static Tensor Repeat(Tensor one, ReadOnlySpan<int> dims)
    {
        Tensor result = Tensor.Zeros(one.Type, dims);
        Span<byte> to = result.Bytes.Span;
        for (int i = 0; i < to.Length; i += one.Bytes.Length) one.Bytes.Span.CopyTo(to[i..]);
        return result;
    }
}
