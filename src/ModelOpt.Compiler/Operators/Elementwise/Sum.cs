using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Operators.Elementwise;

/// <summary>The sum of any number of tensors, with broadcasting: Adds.</summary>
internal sealed class Sum : ComposedOperator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [1, 6, 8, 13];

    public override Arity Arity => new(1, Arity.Any);

    protected override void Compose(Graph graph, Node node)
    {
        int last = node.Inputs.Count - 1;
        Value others = AddAll(graph, node, last);
        if (last == 0) Replace(graph, node, "Identity", others);
        else Replace(graph, node, "Add", others, node.Input(last));
    }
}
