using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;

namespace ModelOpt.Compiler.Operators.Normalization;

/// <summary>(x − mean) / (σ + 1e-9) over attribute <c>axes</c> (batch, height and width where absent).</summary>
internal sealed class MeanVarianceNormalization : MomentNormalization
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [9, 13];

    public override Arity Arity => new(1, 1);

    protected override int[] Reduced(Node node, int rank) => node.Axes(node.Ints("axes") ?? [0, 2, 3], rank);

    protected override int[] ParameterAxes(Node node, int rank) => [];

    // Beside a variance, it is that 1e-9 beside its root: nothing but for a constant, whose difference to its mean is 0.
    protected override double Epsilon(Node node) => 1e-18;
}
