using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Simplify;

/// <summary>Copies the nodes of a body into the graph around it.</summary>
internal static class BodySplice
{
    /// <summary>Inserts copies of a body's nodes before the node that has it.</summary>
    /// <param name="inputs">The values that its inputs stand for.</param>
    /// <returns>The values of its outputs; each is produced by one of the copies.</returns>
    public static Value[] Before(Graph graph, Node node, Graph body, IReadOnlyList<Value> inputs, string label)
    {
        Dictionary<Value, Value> copies = [];
        for (int i = 0; i < body.Inputs.Count; i++) copies.Add(body.Inputs[i], inputs[i]);
        foreach (Node inner in body.Nodes)
        {
            Node copy = new(inner.Type, inner.Name.Length > 0 ? $"{label}/{inner.Name}" : "",
                inner.Inputs.Select(Copy).ToArray(), inner.Outputs.Select(Copy).ToArray()) { Domain = inner.Domain };
            foreach ((string key, object attribute) in inner.Attributes)
                copy.Attributes.Add(key, attribute is Graph nested ? nested.Clone() : attribute);
            graph.InsertBefore(node, copy);
        }

        return [.. body.Outputs.Select(v => copies[v])];

        Value? Copy(Value? value)
        {
            if (value is null) return null;
            if (copies.TryGetValue(value, out Value? known)) return known;
            Value copy = new(graph.UniqueName(value.IsConstant ? value.Name : $"{label}/{value.Name}"), value.Type, value.Shape)
            {
                Constant = value.Constant, Quantization = value.Quantization,
            };
            copies.Add(value, copy);
            return copy;
        }
    }

    /// <summary>Removes a node; other values take the place of its outputs.</summary>
    /// <param name="results">The values, each produced by a node; none is an output of the graph.</param>
    public static void Replace(Graph graph, Node node, IReadOnlyList<Value> results)
    {
        for (int i = 0; i < node.Outputs.Count; i++)
        {
            if (node.Outputs[i] is { } output) graph.ReplaceUses(output, results[i]);
        }

        graph.Remove(node);
    }
}
