using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Simplify;

/// <summary>
/// Folds a BatchNormalization into the Conv or Gemm before it: <c>w' = w·γ/√(σ²+ε)</c>, <c>b' = (b−μ)·γ/√(σ²+ε) + β</c>
/// (Ioffe and Szegedy, 2015; computed in double precision); or else into the Conv behind it, if that pads nothing.
/// </summary>
internal sealed class BatchNormFolding : Pass
{
    public override PassPhase Phase => PassPhase.Simplify;

    public override PassResult Apply(Graph graph, PassContext context)
    {
        int changes = 0;
        List<PassNote> notes = [];
        foreach (Node norm in graph.Nodes.Where(n => n.Type == "BatchNormalization").ToArray())
        {
            float[]?[] parameters = [.. Enumerable.Range(1, 4).Select(i => Floats(norm.Input(i)))];
            if (parameters is not [{ } gamma, { } beta, { } mean, { } variance])
            {
                notes.Add(new(norm, "its parameters are not constant"));
                continue;
            }

            double epsilon = norm.Float("epsilon", 1e-5f);
            double[] scale = [.. gamma.Select((g, c) => g / Math.Sqrt(variance[c] + epsilon))];
            double[] shift = [.. beta.Select((b, c) => b - (mean[c] * scale[c]))];
            bool folded = OutputAffine.FeederOf(graph, norm) is { } feeder
                ? OutputAffine.Fold(graph, feeder, norm, scale, shift)
                : ReaderOf(graph, norm) is { } reader && FoldInto(graph, reader, norm, scale, shift);
            if (folded) changes++;
        }

        return new PassResult(changes, notes);
    }

    /// <summary>The Conv that alone reads the result and pads nothing: padding is with zeros, which the shift would move.</summary>
    private static Node? ReaderOf(Graph graph, Node norm)
    {
        if (norm.Output is not { Consumers: [{ Type: "Conv" } conv], Quantization: null } output || graph.IsOutput(output)) return null;
        bool pads = conv.Ints("pads")?.Any(p => p != 0) == true
            || conv.String("auto_pad", "NOTSET").StartsWith("SAME", StringComparison.Ordinal);
        return !pads && conv.Input(0) == output && OutputAffine.IsFree(conv.Input(1))
            && (conv.InputOrNull(2) is not { } bias || OutputAffine.IsFree(bias)) ? conv : null;
    }

    private static bool FoldInto(Graph graph, Node conv, Node norm, double[] scale, double[] shift)
    {
        Tensor weight = conv.Input(1).Constant!;
        int filters = weight.Dims[0], inputs = weight.Dims[1], taps = weight.Count / (filters * inputs);
        int perGroup = filters / (int)conv.Int("group", 1);
        float[] newWeight = weight.Span<float>().ToArray();
        float[] newBias = conv.InputOrNull(2)?.Constant!.Span<float>().ToArray() ?? new float[filters];
        for (int m = 0, at = 0; m < filters; m++)
        {
            double bias = newBias[m];
            for (int c = 0; c < inputs; c++)
            {
                int channel = (m / perGroup * inputs) + c;
                for (int k = 0; k < taps; k++, at++)
                {
                    bias += newWeight[at] * shift[channel];
                    newWeight[at] = (float)(newWeight[at] * scale[channel]);
                }
            }

            newBias[m] = (float)bias;
        }

        if (!OutputAffine.SetConstants(graph, conv, newWeight, newBias)) return false;
        conv.SetInput(0, norm.Input(0));
        graph.Remove(norm);
        return true;
    }

    private static float[]? Floats(Value value) =>
        value.Constant is { Type: ElementType.Float32 } tensor ? tensor.Span<float>().ToArray() : null;
}
