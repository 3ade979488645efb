using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Operators.Elementwise;

/// <summary>
/// Broadcasting before opset 7: with attribute <c>broadcast</c>, the second operand lies along axes of the first from attribute
/// <c>axis</c> on, or along its last ones where there is no axis. Since then, shapes are aligned at their end.
/// </summary>
internal static class EarlyBroadcast
{
    private const string Enabled = "broadcast", First = "axis";

    /// <summary>Opset 7, which ended it.</summary>
    public static OpsetStep End { get; } = new(7, Align) { Dropped = [First, Enabled] };

    private static void Align(Graph graph, Node node)
    {
        bool isAligned = node.Int(Enabled, 0) == 0 || !node.Attributes.ContainsKey(First);
        long axis = node.Int(First, 0);
        node.Attributes.Remove(Enabled);
        node.Attributes.Remove(First);
        if (isAligned) return;
        int rank = node.StatedRank(0), behind = rank - node.Axis(axis, rank, First) - node.StatedRank(1);
        if (behind < 0)
        {
            throw GraphDiagnostics.ShapeMismatch.Error(
                node.Label, $"{node.Input(1).Shape} does not lie along axes of {node.Input(0).Shape} from {axis} on");
        }

        AppendAxes(graph, node, 1, behind);
    }

    /// <summary>Puts axes of size 1 behind those of an input.</summary>
    /// <param name="index">The input, whose rank is known.</param>
    public static void AppendAxes(Graph graph, Node node, int index, int count)
    {
        if (count == 0) return;
        Value input = node.Input(index);
        if (input.Constant is { } constant)
        {
            int[] dims = [.. constant.Dims, .. Enumerable.Repeat(1, count)];
            graph.ReplaceConstant(node, index, constant.Reshape(dims));
            return;
        }

        long[] axes = [.. Enumerable.Range(input.Shape!.Rank, count).Select(a => (long)a)];
        Shape shape = new([.. input.Shape, .. Enumerable.Repeat<Dim>(1, count)]);
        Value longer = new(graph.UniqueName($"{input.Name}_aligned"), input.Type, shape);
        graph.InsertBefore(node, new Node(
            "Unsqueeze", "", [input, graph.AddConstant($"{node.Label}_axes", Tensor.Vector<long>(axes))], [longer]));
        node.SetInput(index, longer);
    }
}
