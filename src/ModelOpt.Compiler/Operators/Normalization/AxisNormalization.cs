using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Operators.Normalization;

/// <summary>An operator of one floating-point tensor that looks at the elements along attribute <c>axis</c>, the last by default.</summary>
internal abstract class AxisNormalization : Operator
{
    public override Arity Arity => new(1, 1);

    public override int DataInputs => 1;

    public override IEnumerable<AxisRoute> Axes(Node node)
    {
        int rank = node.ShapeOf(0).Rank, axis = Axis(node, rank);
        return AxisRoutes.Kept(node, Enumerable.Range(0, rank).Where(a => a != axis));
    }

    public override void InferShapes(Node node)
    {
        ElementType type = node.CommonFloatType();
        Axis(node, node.ShapeOf(0).Rank);
        node.Define(0, type, node.ShapeOf(0));
    }

    protected static int Axis(Node node, int rank) => node.Axis(node.Int("axis", -1), rank);
}
