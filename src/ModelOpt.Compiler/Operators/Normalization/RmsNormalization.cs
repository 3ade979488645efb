using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Operators.Normalization;

/// <summary>x / √(mean(x²) + ε) · scale, the mean over the axes from <c>axis</c> on (Zhang and Sennrich, 2019).</summary>
internal sealed class RmsNormalization : MomentNormalization
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [23];

    public override string Type => "RMSNormalization";

    public override Arity Arity => new(2, 2);

    public override int MinimumOpset(Node node) => 23;

    protected override bool Centres => false;

    protected override int[] Reduced(Node node, int rank) =>
        [.. Enumerable.Range(node.Axis(node.Int("axis", -1), rank), rank - node.Axis(node.Int("axis", -1), rank))];

    protected override int[] ParameterAxes(Node node, int rank) => Reduced(node, rank);
}
