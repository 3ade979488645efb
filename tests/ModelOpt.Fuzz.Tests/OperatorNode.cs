using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Fuzz.Operators;

namespace ModelOpt.Fuzz.Tests;

/// <summary>A drawn node with what it reads, to be run again on other tensors.</summary>
internal sealed class OperatorNode
{
    private readonly Node _drawn;
    private readonly bool[] _isConstant;

    private OperatorNode(Node drawn, Tensor?[] inputs, bool[] isConstant)
    {
        _drawn = drawn;
        _isConstant = isConstant;
        Inputs = inputs;
        Node = Build(inputs).Node;
        Outputs = Run(Node, inputs);
    }

    /// <summary>The operator.</summary>
    public Operator Operator => Operator.Of(Node);

    /// <summary>The node on the tensors that were drawn, with shapes.</summary>
    public Node Node { get; }

    /// <summary>What was drawn.</summary>
    public Tensor?[] Inputs { get; }

    /// <summary>What the node makes of it.</summary>
    public Tensor?[] Outputs { get; }

    /// <summary>Draws a node; null where the model is refused, or is one of other operators once it is read.</summary>
    public static OperatorNode? Draw(string name, int index)
    {
        OperatorCase test = OperatorGenerators.Make(name, 11, index, null, out string? unread).WithFloats(ElementType.Float32);
        if (unread is not null || test.Inputs.Any(i => i?.Tensor.Count == 0)) return null;
        try
        {
            Graph graph = OnnxReader.Read(test.ToModel());
            ShapeInference.Run(graph, useStated: true);
            Dictionary<Value, Tensor> tensors = graph.Inputs.ToDictionary(i => i, i => test.Feeds[i.Name]);
            HashSet<Value> fed = [.. graph.Inputs];
            foreach (Node node in graph.Nodes)
            {
                Tensor?[] inputs = [.. node.Inputs.Select(v => v is null ? null : v.Constant ?? tensors[v])];
                int data = Operator.Of(node).DataInputs;
                if (node.Type == name)
                {
                    bool[] constant = [.. node.Inputs.Select((v, i) => v is not null && (i >= data || !fed.Contains(v)))];
                    OperatorNode found = new(node, inputs, constant);
                    return found.Outputs.Any(t => t?.Count == 0) ? null : found;
                }

                foreach ((Value? value, Tensor? tensor) in node.Outputs.Zip(Forward(node, inputs))) tensors[value!] = tensor!;
                if (node.Inputs.OfType<Value>().Any(fed.Contains)) fed.UnionWith(node.Outputs.OfType<Value>());
            }
        }
        catch (CompilationException)
        {
        }

        return null;
    }

    /// <summary>Makes the node anew, with shapes.</summary>
    public (Graph Graph, Node Node) Build(Tensor?[] inputs)
    {
        var graph = new Graph();
        Value?[] values = [.. inputs.Select((t, i) =>
            t is null ? null : _isConstant[i] ? new Value($"x{i}", t) : new Value($"x{i}", t.Type, t.Shape))];
        graph.Inputs.AddRange(values.OfType<Value>().Where(v => !v.IsConstant));
        Node node = graph.Add(new Node(
            _drawn.Type, "node", values, _drawn.Outputs.Select((o, i) => o is null ? null : new Value($"y{i}"))));
        foreach ((string key, object value) in _drawn.Attributes) node.Attributes[key] = value;
        ShapeInference.Run(graph);
        return (graph, node);
    }

    /// <summary>Computes the outputs.</summary>
    /// <param name="node">What <see cref="Build"/> made.</param>
    /// <param name="inputs">What it reads, where it reads no constant.</param>
    public static Tensor?[] Run(Node node, Tensor?[] inputs) => Forward(
        node, [.. Enumerable.Range(0, node.Inputs.Count).Select(i => node.InputOrNull(i) is not { } v ? null : v.Constant ?? inputs[i])]);

    private static Tensor?[] Forward(Node node, Tensor?[] inputs)
    {
        var context = new ForwardContext(node, inputs);
        Operator.Of(node).Forward(context);
        return context.Outputs;
    }
}
