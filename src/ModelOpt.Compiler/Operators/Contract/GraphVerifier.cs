using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Operators.Contract;

/// <summary>Checks the invariants of every graph between passes. A failure is an error of a pass, not of the model.</summary>
internal static class GraphVerifier
{
    /// <summary>Checks a graph.</summary>
    /// <exception cref="CompilationException">It is not consistent.</exception>
    public static void Verify(Graph graph, string after)
    {
        Value[] values = [.. graph.Values];
        CheckNames(values, after);
        CheckOrder(graph, after);
        CheckConnections(graph, values, after);
        foreach (Value value in values) CheckValue(value, after);
        foreach (Node node in graph.Nodes)
        {
            foreach (Graph body in Operator.Of(node).LiveBodies(node))
            {
                CheckCaptures(node, body, after);
                Verify(body, after);
            }

            CheckShapes(node, after);
        }
    }

    /// <summary>Captured values must stand for the node's last inputs.</summary>
    private static void CheckCaptures(Node node, Graph body, string after)
    {
        if (body.Captures != node.Captures || body.Captures > Math.Min(node.Inputs.Count, body.Inputs.Count))
            throw Broken(node.Label, after, "a body does not have the values that the node captures");
        for (int i = 1; i <= body.Captures; i++)
        {
            if (node.Inputs[^i] is not { } outer || outer.Type != body.Inputs[^i].Type || !outer.Shape!.Equals(body.Inputs[^i].Shape))
                throw Broken(node.Label, after, $"'{body.Inputs[^i].Name}' does not stand for '{node.Inputs[^i]?.Name}'");
        }
    }

    private static void CheckNames(Value[] values, string after)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (Value value in values)
        {
            if (value.Name.Length == 0) throw Broken(null, after, "a value has no name");
            if (!names.Add(value.Name)) throw Broken(value.Name, after, "two values have one name");
        }
    }

    private static void CheckOrder(Graph graph, string after)
    {
        var known = new HashSet<Value>(graph.Inputs);
        if (known.Count != graph.Inputs.Count) throw Broken(null, after, "an input stands twice");
        foreach (Value input in graph.Inputs)
        {
            if (input.Producer is not null || input.IsConstant) throw Broken(input.Name, after, "an input is produced");
        }

        foreach (Node node in graph.Nodes)
        {
            foreach (Value? input in node.Inputs)
            {
                if (input is not null && !input.IsConstant && !known.Contains(input))
                    throw Broken(node.Label, after, $"'{input.Name}' is read before it is produced");
            }

            foreach (Value? output in node.Outputs)
            {
                if (output is null) continue;
                if (output.IsConstant) throw Broken(node.Label, after, $"'{output.Name}' is constant and produced");
                if (!known.Add(output)) throw Broken(node.Label, after, $"'{output.Name}' is produced twice");
            }
        }

        if (graph.Outputs.Count == 0) throw Broken(null, after, "there are no outputs");
        if (graph.Outputs.Distinct().Count() != graph.Outputs.Count) throw Broken(null, after, "an output stands twice");
        foreach (Value output in graph.Outputs)
        {
            if (!known.Contains(output)) throw Broken(output.Name, after, "nothing produces the output");
        }
    }

    private static void CheckConnections(Graph graph, Value[] values, string after)
    {
        var reads = new Dictionary<Value, int>();
        foreach (Node node in graph.Nodes)
        {
            if (Operator.Find(node) is null) throw Broken(node.Label, after, $"{node.Type} is no operator");
            foreach (Value? input in node.Inputs)
            {
                if (input is not null) reads[input] = reads.GetValueOrDefault(input) + 1;
            }

            foreach (Value? output in node.Outputs)
            {
                if (output is not null && output.Producer != node)
                    throw Broken(node.Label, after, $"'{output.Name}' does not know its producer");
            }
        }

        var nodes = new HashSet<Node>(graph.Nodes);
        if (nodes.Count != graph.Nodes.Count) throw Broken(null, after, "a node stands twice");
        foreach (Value value in values)
        {
            if (value.Consumers.Count != reads.GetValueOrDefault(value) || !value.Consumers.All(nodes.Contains))
                throw Broken(value.Name, after, "the value does not know its consumers");
            if (value.Producer is not null && !nodes.Contains(value.Producer))
                throw Broken(value.Name, after, "the value is produced outside the graph");
        }
    }

    private static void CheckValue(Value value, string after)
    {
        if (value.Type == ElementType.Undefined || value.Shape is null)
            throw Broken(value.Name, after, "the value has no type or shape");
        if (value.Constant is { } constant && (constant.Type != value.Type || !constant.Shape.Equals(value.Shape)))
            throw Broken(value.Name, after, $"the constant is {constant}, the value {value}");
        if (value.Quantization is not { } quantization) return;
        if (quantization.Type == ElementType.Float16 && value.IsConstant && value.Type == ElementType.Float32) return;
        (int min, int max) = QuantizationMath.Range(quantization.Type);
        int slices = quantization.Scales.Count;
        bool fits = value.Type == ElementType.Float32 && slices == quantization.ZeroPoints.Count && slices > 0
            && quantization.Scales.All(s => s > 0 && float.IsFinite(s))
            && quantization.ZeroPoints.All(z => z >= min && z <= max)
            && (quantization.IsPerTensor ? slices == 1
                : quantization.Axis < value.Shape.Rank && value.Shape[quantization.Axis] == (Dim)slices);
        if (!fits) throw Broken(value.Name, after, "the quantization does not fit the value");
    }

    /// <summary>Recorded types and shapes must agree with inference, as far as both know them.</summary>
    private static void CheckShapes(Node node, string after)
    {
        var recorded = node.Outputs.Select(v => (v?.Type, v?.Shape, v?.ShapeContent)).ToList();
        ShapeInference.Infer(node);
        for (int i = 0; i < recorded.Count; i++)
        {
            if (node.Outputs[i] is not { } output) continue;
            (ElementType? type, Shape? shape, IReadOnlyList<Dim>? content) = recorded[i];
            if (type != output.Type || !Agree(shape!, output.Shape!))
                throw Broken(node.Label, after,
                    $"'{output.Name}' is recorded as {type}{shape} and inferred as {output.Type}{output.Shape}");
            (output.Shape, output.ShapeContent) = (shape, content ?? output.ShapeContent);
        }
    }

    private static bool Agree(Shape a, Shape b) =>
        a.Rank == b.Rank && a.Zip(b).All(p => !p.First.IsKnown || !p.Second.IsKnown || p.First.Size == p.Second.Size);

    private static CompilationException Broken(string? layer, string after, string what) =>
        GraphDiagnostics.InvalidGraph.Error(layer, $"after {after}, {what}");
}
