using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;

namespace ModelOpt.Compiler.Operators.Movement;

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

    protected override FlatPositions Positions(Node node, int[] data, int[] indices) =>
        FlatPositions.Of(data, indices, (int)node.Int("batch_dims", 0));
}
