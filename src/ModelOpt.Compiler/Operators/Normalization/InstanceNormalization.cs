using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Operators.Normalization;

/// <summary>
/// Normalization of each channel of each sample over its places (Ulyanov et al., 2016), with a scale and a shift a channel.
/// </summary>
internal sealed class InstanceNormalization : MomentNormalization
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [1, 6, 22];

    public override Arity Arity => new(3, 3);

    protected override int[] Reduced(Node node, int rank) => rank >= 3 ? [.. Enumerable.Range(2, rank - 2)]
        : throw Diagnostics.GraphDiagnostics.ShapeMismatch.Error(node.Label, $"the input has {rank} axes; at least 3 are expected");

    protected override int[] ParameterAxes(Node node, int rank) => [1];
}
