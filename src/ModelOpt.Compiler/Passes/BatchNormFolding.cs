using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Passes;

/// <summary>
/// Folds a BatchNormalization into the Conv or Gemm before it: <c>w' = w·γ/√(σ²+ε)</c>, <c>b' = (b−μ)·γ/√(σ²+ε) + β</c>
/// (Ioffe and Szegedy, 2015; computed in double precision).
/// </summary>
internal sealed class BatchNormFolding : Pass
{
    /// <inheritdoc/>
    public override PassPhase Phase => PassPhase.Simplify;

    /// <inheritdoc/>
    public override PassResult Apply(Graph graph, PassContext context)
    {
        int changes = 0;
        List<string> notes = [];
        foreach (Node norm in graph.Nodes.Where(n => n.Type == "BatchNormalization").ToArray())
        {
            if (OutputAffine.FeederOf(graph, norm) is not { } feeder) continue;
            float[]?[] parameters = [.. Enumerable.Range(1, 4).Select(i => Floats(norm.Input(i)))];
            if (parameters is not [{ } gamma, { } beta, { } mean, { } variance])
            {
                notes.Add($"{norm.Label}: its parameters are not constant");
                continue;
            }

            double epsilon = norm.Float("epsilon", 1e-5f);
            double[] scale = [.. gamma.Select((g, c) => g / Math.Sqrt(variance[c] + epsilon))];
            double[] shift = [.. beta.Select((b, c) => b - (mean[c] * scale[c]))];
            if (OutputAffine.Fold(graph, feeder, norm, scale, shift)) changes++;
        }

        return new PassResult(changes, notes);
    }

    private static float[]? Floats(Value value) =>
        value.Constant is { Type: ElementType.Float32 } tensor ? tensor.Span<float>().ToArray() : null;
}
