using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Operators.Elementwise;

/// <summary>The elements converted to the type of input 1.</summary>
internal sealed class CastLike : ConversionOperator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [15, 19, 21, 23, 24, 25];

    public override Arity Arity => new(2, 2);

    protected override ElementType TypeOf(Node node) => node.Input(1).Type;
}
