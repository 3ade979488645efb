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

    public override void Lower(Lowering context, Node node)
    {
        TfliteTensor data = context.Input(node, 0), indices = context.Input(node, 1), y = context.Output(node, 0);
        if (!IsRowByRow(node) || data.OpenAxis != 0 || indices.OpenAxis != 0)
        {
            base.Lower(context, node);
            return;
        }

        indices = new LoweringSteps(context, node).FromFront(indices, node.Input(1), data.Dims[1]);
        context.Emit(BuiltinOperator.Gather, [data, indices], [y], new GatherOptions(1, 1));
    }

    private static bool IsRowByRow(Node node) => node.ShapeOf(0).Rank == 2 && node.Axis(node.Int("axis", 0), 2) == 1;

    protected override FlatPositions Positions(Node node, int[] data, int[] indices) =>
        FlatPositions.Along(data, indices, node.Axis(node.Int("axis", 0), data.Length));
}
