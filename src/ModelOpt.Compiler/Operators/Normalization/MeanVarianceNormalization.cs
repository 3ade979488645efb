using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Operators.Normalization;

/// <summary>(x − mean) / (σ + 1e-9) over attribute <c>axes</c> (batch, height and width where absent).</summary>
internal sealed class MeanVarianceNormalization : MomentNormalization
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [9, 13];

    protected override Action<Node> Experimental => NameAxes;

    // Of each sample of a batch of images, where the later form takes the whole batch.
    private static void NameAxes(Node node)
    {
        if (node.Int("normalize_variance", 1) == 0)
            throw GraphDiagnostics.UnsupportedForm.Error(node.Label, node.Type, "normalize_variance = 0");
        node.Attributes["axes"] = node.Int("across_channels", 0) == 0 ? new[] { 2L, 3 } : [1, 2, 3];
        node.Attributes.Remove("across_channels");
        node.Attributes.Remove("normalize_variance");
    }

    public override Arity Arity => new(1, 1);

    protected override int[] Reduced(Node node, int rank) => node.Axes(node.Ints("axes") ?? [0, 2, 3], rank);

    protected override int[] ParameterAxes(Node node, int rank) => [];

    // Beside a variance, it is that 1e-9 beside its root: nothing but for a constant, whose difference to its mean is 0.
    protected override double Epsilon(Node node) => 1e-18;
}
