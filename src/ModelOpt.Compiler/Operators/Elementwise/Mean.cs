using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Operators.Elementwise;

/// <summary>The mean of any number of tensors, element by element, with broadcasting: Adds, and a Mul by 1 / their number.</summary>
internal sealed class Mean : ComposedOperator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [1, 6, 8, 13];

    public override Arity Arity => new(1, Arity.Any);

    protected override void Compose(Graph graph, Node node)
    {
        int count = node.Inputs.Count;
        Value sum = AddAll(graph, node, count);
        if (count == 1) Replace(graph, node, "Identity", sum);
        else Replace(graph, node, "Mul", sum, graph.AddConstant($"{node.Output.Name}_share", Tensor.Scalar(1f / count)));
    }
}
