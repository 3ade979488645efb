using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Movement;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Selection;

/// <summary>Slices, named by vectors of indices into the axes behind the first <c>batch_dims</c>, which both inputs share.</summary>
internal sealed class GatherND : GatherOperator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [11, 12, 13];

    protected override Shape ShapeOf(Node node, Shape data, Shape indices)
    {
        int batch = (int)node.Int("batch_dims", 0);
        if (batch < 0 || batch >= Math.Min(data.Rank, indices.Rank) || !indices[^1].IsKnown
            || indices[^1].Size + batch > data.Rank || indices[^1].Size == 0)
            throw GraphDiagnostics.ShapeMismatch.Error(node.Label, $"indices {indices} do not fit {data}");
        return new Shape(indices.Take(indices.Rank - 1).Concat(data.Skip(batch + (int)indices[^1].Size)));
    }

    // Masks of PyTorch: as many vectors as there are elements that are not zero.
    private static bool IsOfComputed(Node node) =>
        Lowering.IsComputed(node.Input(1)) && node.ShapeOf(0).IsKnown && node.ShapeOf(1) is { Rank: 2 } indices && !indices[0].IsKnown
            && indices[1].IsKnown && node.Int("batch_dims", 0) == 0;

    public override void Lower(Lowering context, Node node)
    {
        if (!IsOfComputed(node))
        {
            base.Lower(context, node);
            return;
        }

        var steps = new LoweringSteps(context, node);
        int[] data = node.Sizes(node.ShapeOf(0));
        FlatPositions one = FlatPositions.Of(data, [1, (int)node.ShapeOf(1)[1].Size], 0);
        TfliteTensor rows = steps.Reshape(context.Input(node, 0), [one.Slices, .. data[one.Sizes.Length..]]);
        TfliteTensor positions = one.Distances(context, node, steps.Cast(context.Input(node, 1), TensorType.Int32));
        context.Emit(BuiltinOperator.Gather, [rows, positions], [context.Output(node, 0)], new GatherOptions(0));
    }

    protected override FlatPositions Positions(Node node, int[] data, int[] indices) =>
        FlatPositions.Of(data, indices, (int)node.Int("batch_dims", 0));

    protected override OpenPositions Open(Lowering context, Node node) =>
        OpenPositions.Of(context, node, (int)node.Int("batch_dims", 0));
}
