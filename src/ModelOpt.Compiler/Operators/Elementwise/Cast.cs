using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;

namespace ModelOpt.Compiler.Operators.Elementwise;

/// <summary>The elements converted to the type that <c>to</c> numbers.</summary>
internal sealed class Cast : ConversionOperator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [6, 9, 13, 19, 21, 23, 24, 25];

    public override Arity Arity => new(1, 1);

    protected override ElementType TypeOf(Node node) => (ElementType)node.Int("to", 0);
}
