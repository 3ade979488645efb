using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Movement;

namespace ModelOpt.Compiler.Operators.Selection;

/// <summary>Slices of updates in the places that vectors of indices name.</summary>
internal sealed class ScatterND : ScatterOperator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [11, 13, 16, 18];

    public override int MinimumOpset(Node node) => node.String("reduction", "none") is "max" or "min" ? 18 : Graph.WrittenOpset;

    protected override void Check(Node node, Shape data, Shape indices, Shape updates)
    {
        if (data.Rank == 0 || indices.Rank == 0 || !indices[^1].IsKnown || indices[^1].Size > data.Rank || indices[^1].Size == 0
            || updates.Rank != indices.Rank - 1 + data.Rank - indices[^1].Size)
            throw GraphDiagnostics.ShapeMismatch.Error(node.Label, $"indices {indices} and updates {updates} do not fit {data}");
    }

    protected override FlatPositions Positions(Node node, int[] data, int[] indices) => FlatPositions.Of(data, indices, 0);

    protected override OpenPositions Open(Lowering context, Node node) => OpenPositions.Of(context, node, 0);
}
