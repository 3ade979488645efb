using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Movement;

namespace ModelOpt.Compiler.Operators.Selection;

/// <summary>Single updates, each where it lies itself, but for attribute <c>axis</c>, along which its index says where.</summary>
internal sealed class ScatterElements : ScatterOperator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [11, 13, 16, 18];

    public override int MinimumOpset(Node node) => node.String("reduction", "none") is "max" or "min" ? 18 : Graph.WrittenOpset;

    protected override void Check(Node node, Shape data, Shape indices, Shape updates)
    {
        int axis = node.Axis(node.Int("axis", 0), data.Rank);
        if (data.Rank != indices.Rank || indices.Rank != updates.Rank
            || data.Zip(indices).Where((d, i) => i != axis && d.First.IsKnown && d.Second.IsKnown && d.Second.Size > d.First.Size).Any())
            throw GraphDiagnostics.ShapeMismatch.Error(node.Label, $"indices {indices} and updates {updates} do not fit {data}");
    }

    protected override FlatPositions Positions(Node node, int[] data, int[] indices) =>
        FlatPositions.Along(data, indices, node.Axis(node.Int("axis", 0), data.Length));

    protected override OpenPositions Open(Lowering context, Node node) =>
        OpenPositions.Along(context, node, node.Axis(node.Int("axis", 0), node.ShapeOf(0).Rank));
}
