using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Onnx.Proto;
using ModelOpt.Compiler.Operators.Contract;

namespace ModelOpt.Compiler.Onnx;

/// <content>
/// Bodies: graphs inside nodes. They read values around them by name; the graph has these as the node's last inputs, and the body has
/// inputs that stand for them. Constants around a body become its own.
/// </content>
internal sealed partial class OnnxReader
{
    private const int MaxDepth = 8;

    private readonly OnnxReader? _around;
    private readonly int _depth;
    private readonly Dictionary<Value, Value> _captured = [];
    private readonly Dictionary<Node, OnnxReader[]> _bodies = [];

    private OnnxReader(OnnxReader around, GraphProto proto)
    {
        _around = around;
        _depth = around._depth + 1;
        (_model, _external, _proto) = (around._model, around._external, proto);
        if (_depth > MaxDepth) throw OnnxDiagnostics.InvalidModel.Error(null, $"graphs are nested more than {MaxDepth} deep");
    }

    private void ReadBodies(Node node, NodeProto source)
    {
        AttributeProto[] attributes = [.. source.Attribute.Where(a => a.G is not null && !node.Attributes.ContainsKey(a.Name))];
        if (attributes.Length == 0) return;
        OnnxReader[] bodies = Array.ConvertAll(attributes, a => new OnnxReader(this, a.G));
        for (int i = 0; i < bodies.Length; i++)
        {
            bodies[i].ReadStructure();
            if (!node.Attributes.TryAdd(attributes[i].Name, bodies[i]._graph))
                throw GraphDiagnostics.InvalidAttribute.Error(node.Label, attributes[i].Name, "is given twice");
        }

        Value[] captured = [.. bodies.SelectMany(b => b._captured.Keys).Distinct()];
        int own = Math.Max(node.Inputs.Count, bodies.Max(b => b._graph.Inputs.Count));
        for (int i = 0; i < captured.Length; i++) node.SetInput(own + i, captured[i]);
        foreach (OnnxReader body in bodies)
        {
            body._graph.Captures = captured.Length;
            body._graph.Inputs.AddRange(captured.Select(v =>
                body._captured.TryGetValue(v, out Value? known) ? known : new Value(body.FreeName(v.Name))));
        }

        _bodies.Add(node, bodies);
    }

    private OnnxReader[] BodiesOf(IEnumerable<Node> nodes) => [.. nodes.SelectMany(n => _bodies.GetValueOrDefault(n, []))];

    /// <summary>Whether an attribute is a body that was read with the nodes.</summary>
    private static bool IsBody(Node node, AttributeProto attribute) =>
        node.Attributes.TryGetValue(attribute.Name, out object? known) && known is Graph
            && Operator.Of(node).Bodies.Contains(attribute.Name);

    /// <summary>What a name of the graph around this one stands for here.</summary>
    private Value Capture(string name, NodeProto? reader)
    {
        Value outer = _around!.Find(name, reader);
        if (outer.Constant is { } constant) return _values[name] = new Value(name, constant);
        Value standIn = _values[name] = new Value(name);
        _captured.Add(outer, standIn);
        return standIn;
    }

    /// <summary>An output that a node of the body produces and no other output is: a copy where the value is none.</summary>
    private Value Produced(Value value)
    {
        if ((value.IsConstant || value.Producer is not null) && !_graph.Outputs.Contains(value)) return value;
        return _graph.Add(new Node("Identity", "", [value], [new Value(FreeName(value.Name))])).Output;
    }

    /// <summary>A name that nothing read so far has.</summary>
    private string FreeName(string stem)
    {
        string name;
        do name = _graph.UniqueName(stem);
        while (_values.ContainsKey(name));
        return name;
    }
}
