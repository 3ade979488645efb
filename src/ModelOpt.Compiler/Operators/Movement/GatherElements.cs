using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;

namespace ModelOpt.Compiler.Operators.Movement;

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

    protected override FlatPositions Positions(Node node, int[] data, int[] indices) =>
        FlatPositions.Along(data, indices, node.Axis(node.Int("axis", 0), data.Length));
}
