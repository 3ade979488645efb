using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Movement;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Selection;

/// <summary>Single elements: those that lie where the index does, but for attribute <c>axis</c>, along which it says where.</summary>
internal sealed class GatherElements : GatherOperator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [11, 13];

    protected override Shape ShapeOf(Node node, Shape data, Shape indices)
    {
        node.Axis(node.Int("axis", 0), data.Rank);
        return data.Rank == indices.Rank ? indices
            : throw GraphDiagnostics.ShapeMismatch.Error(node.Label, $"indices {indices} have not the rank of {data}");
    }

    // In a matrix with an open number of rows, each row has indices of its own.
    public override IEnumerable<AxisRoute> Axes(Node node) =>
        IsRowByRow(node) && AxisRoutes.IsSame(node.ShapeOf(0)[0], node.ShapeOf(1)[0])
            ? [new AxisRoute(AxisPlace.In(0, 0), AxisPlace.In(1, 0), AxisPlace.Out(0, 0))] : [];

    // Lines along the axis that are open in number or length: each has indices of its own.
    private static bool IsLineByLine(Node node)
    {
        Shape data = node.ShapeOf(0), indices = node.ShapeOf(1);
        if (data.Rank == 0 || (data.IsKnown && indices.IsKnown)) return false;
        int axis = node.Axis(node.Int("axis", 0), data.Rank);
        return Enumerable.Range(0, data.Rank).All(i => i == axis || AxisRoutes.IsSame(data[i], indices[i]));
    }

    public override void Lower(Lowering context, Node node)
    {
        if (!IsLineByLine(node))
        {
            base.Lower(context, node);
            return;
        }

        int rank = node.ShapeOf(0).Rank, axis = node.Axis(node.Int("axis", 0), rank);
        int[] order = [.. Enumerable.Range(0, rank).Where(i => i != axis), axis];
        TfliteTensor positions = OpenPositions.FromFront(context, node, context.Input(node, 1, order), node.ShapeOf(0)[axis]);
        context.Emit(
            BuiltinOperator.Gather, [context.Input(node, 0, order), positions], [context.Output(node, 0, order)],
            new GatherOptions(rank - 1, rank - 1));
    }

    private static bool IsRowByRow(Node node) => node.ShapeOf(0).Rank == 2 && node.Axis(node.Int("axis", 0), 2) == 1;

    protected override FlatPositions Positions(Node node, int[] data, int[] indices) =>
        FlatPositions.Along(data, indices, node.Axis(node.Int("axis", 0), data.Length));

    protected override OpenPositions Open(Lowering context, Node node) =>
        OpenPositions.Along(context, node, node.Axis(node.Int("axis", 0), node.ShapeOf(0).Rank));
}
