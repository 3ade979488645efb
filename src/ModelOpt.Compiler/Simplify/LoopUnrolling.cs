using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Control;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Simplify;

/// <summary>
/// Writes out each run of a Scan, and of a Loop that stacks results or whose values change their size, where it is known how often they run
/// and that is not often. TFLite's WHILE carries values of one shape and stacks nothing, so it could not express them.
/// </summary>
internal sealed class LoopUnrolling : Pass
{
    private const int MaxRuns = 256;
    private const int MaxNodes = 4096;

    public override PassPhase Phase => PassPhase.Simplify;

    public override PassResult Apply(Graph graph, PassContext context)
    {
        int changes = 0;
        foreach (Node node in graph.Nodes.ToArray())
        {
            if (node.Domain.Length > 0 || node.Type is not ("Loop" or "Scan")) continue;
            bool isDone = node.Type == "Scan" ? UnrollScan(graph, node) : UnrollLoop(graph, node);
            changes += isDone ? 1 : 0;
        }

        return PassResult.Of(changes);
    }

    private static bool IsShort(Graph body, Dim runs) =>
        runs is { IsKnown: true, Size: > 0 and <= MaxRuns } && runs.Size * body.AllNodes.Count() <= MaxNodes;

    private static bool UnrollLoop(Graph graph, Node node)
    {
        Graph body = node.Body("body");
        int carried = Loop.Carried(body);
        bool changes = Enumerable.Range(2, carried).Any(i => !body.Inputs[i].Shape!.Equals(node.Input(i).Shape));
        bool stacks = node.Outputs.Skip(carried).Any(o => o is not null && (o.Consumers.Count > 0 || graph.IsOutput(o)));
        if (!(changes || stacks) || !IsShort(body, Loop.Trips(node))) return false;
        int runs = (int)Loop.Trips(node).Size;
        Value[] values = [.. node.Inputs.Skip(2).Take(carried).Select(v => v!)];
        Value[] captured = [.. node.Inputs.TakeLast(node.Captures).Select(v => v!)];
        Value condition = graph.AddConstant($"{node.Label}_condition",
            new Tensor(ElementType.Bool, node.Sizes(body.Inputs[1].Shape!), new byte[] { 1 }));
        List<Value>[] stacked = [.. body.Outputs.Skip(1 + carried).Select(_ => new List<Value>())];
        for (int i = 0; i < runs; i++)
        {
            Value number = graph.AddConstant($"{node.Label}_number", Tensor.Of<long>(node.Sizes(body.Inputs[0].Shape!), [i]));
            Value[] results = BodySplice.Before(graph, node, body, [number, condition, .. values, .. captured], $"{node.Label}/{i}");
            values = results[1..(1 + carried)];
            for (int s = 0; s < stacked.Length; s++) stacked[s].Add(results[1 + carried + s]);
        }

        BodySplice.Replace(graph, node, [.. values, .. stacked.Select(parts => Stack(graph, node, parts, 0))]);
        return true;
    }

    private static bool UnrollScan(Graph graph, Node node)
    {
        Scan.Form form = Scan.FormOf(node);
        Dim length = node.Input(form.States).Shape![form.InputAxis(0)];
        if (!IsShort(form.Body, length)) return false;
        int runs = (int)length.Size;
        Value[] states = [.. node.Inputs.Take(form.States).Select(v => v!)];
        Value[] captured = [.. node.Inputs.TakeLast(node.Captures).Select(v => v!)];
        List<Value>[] stacked = [.. form.Body.Outputs.Skip(form.States).Select(_ => new List<Value>())];
        for (int t = 0; t < runs; t++)
        {
            Value[] slices = [.. Enumerable.Range(0, form.Sequences).Select(i => Slice(graph, node, node.Input(form.States + i),
                form.InputAxis(i), form.IsReverse("scan_input_directions", i) ? runs - 1 - t : t))];
            Value[] results = BodySplice.Before(graph, node, form.Body, [.. states, .. slices, .. captured], $"{node.Label}/{t}");
            states = results[..form.States];
            for (int i = 0; i < stacked.Length; i++) stacked[i].Add(results[form.States + i]);
        }

        for (int i = 0; i < stacked.Length; i++)
        {
            if (form.IsReverse("scan_output_directions", i)) stacked[i].Reverse();
        }

        BodySplice.Replace(graph, node, [.. states, .. stacked.Select((parts, i) => Stack(graph, node, parts, form.OutputAxis(i)))]);
        return true;
    }

    private static Value Slice(Graph graph, Node node, Value sequence, int axis, int at) => Add(
        graph, node, "Gather", [sequence, graph.AddConstant($"{node.Label}_at", Tensor.Scalar((long)at))], sequence.Type, axis);

    private static Value Stack(Graph graph, Node node, List<Value> parts, int axis)
    {
        Value axes = graph.AddConstant($"{node.Label}_axes", Tensor.Vector<long>(axis));
        return Add(graph, node, "Concat", [.. parts.Select(p => Add(graph, node, "Unsqueeze", [p, axes], p.Type))], parts[0].Type, axis);
    }

    private static Value Add(Graph graph, Node node, string type, Value[] inputs, ElementType element, int? axis = null)
    {
        Value output = new(graph.UniqueName($"{node.Label}_{type}"), element);
        Node added = graph.InsertBefore(node, new Node(type, "", inputs, [output]));
        if (axis is { } along) added.Attributes["axis"] = (long)along;
        return output;
    }
}
