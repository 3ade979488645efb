using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Operators.Contract;

/// <summary>
/// Drops nodes that no output of the graph depends on, and outputs that an operator may leave out. So unread parts cannot get a model
/// refused.
/// </summary>
internal static class UnreadRemoval
{
    /// <summary>Drops unread nodes and outputs.</summary>
    /// <param name="graph">The graph; its nodes need not be sorted, or supported.</param>
    /// <returns>How many nodes, outputs and captured values were dropped.</returns>
    public static int Apply(Graph graph)
    {
        int inside = 0;
        foreach (Node node in graph.Nodes) inside += node.Bodies.Sum(Apply) + DropCaptures(node);

        HashSet<Value> outputs = [.. graph.Outputs];
        HashSet<Node> dropped = [];
        Stack<Node> pending = new(graph.Nodes);
        while (pending.TryPop(out Node? node))
        {
            if (node.Outputs.Any(o => o is not null && IsRead(o)) || !dropped.Add(node)) continue;
            node.Disconnect();
            foreach (Value? input in node.Inputs)
            {
                if (input?.Producer is { } producer) pending.Push(producer);
            }
        }

        if (dropped.Count > 0) graph.Reorder([.. graph.Nodes.Where(n => !dropped.Contains(n))]);
        return inside + dropped.Count + graph.Nodes.Sum(DropOutputs);

        bool IsRead(Value value) => value.Consumers.Count > 0 || outputs.Contains(value);

        int DropOutputs(Node node)
        {
            if (Operator.Find(node) is not { CountsOutputs: false }) return 0;
            int count = 0;
            // The first output is never optional.
            for (int i = node.Outputs.Count - 1; i > 0; i--)
            {
                if (node.Outputs[i] is not { } output || IsRead(output)) continue;
                node.DropOutput(i);
                count++;
            }

            return count;
        }
    }

    /// <summary>Drops the captured values that no body of a node reads.</summary>
    private static int DropCaptures(Node node)
    {
        Graph[] bodies = [.. node.Bodies];
        int count = 0;
        for (int i = node.Captures; i > 0; i--)
        {
            if (!Array.TrueForAll(bodies, b => b.Inputs[^i].Consumers.Count == 0)) continue;
            node.RemoveInput(node.Inputs.Count - i);
            foreach (Graph body in bodies)
            {
                body.Inputs.RemoveAt(body.Inputs.Count - i);
                body.Captures--;
            }

            count++;
        }

        return count;
    }
}
