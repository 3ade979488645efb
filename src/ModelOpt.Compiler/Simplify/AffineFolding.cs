using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Simplify;

/// <summary>Folds Mul, Div, Add and Sub by a constant per output channel into the Conv or Gemm before them.</summary>
internal sealed class AffineFolding : Pass
{
    public override PassPhase Phase => PassPhase.Simplify;

    public override PassResult Apply(Graph graph, PassContext context)
    {
        int changes = 0;
        foreach (Node node in graph.Nodes.Where(n => n.Type is "Mul" or "Div" or "Add" or "Sub").ToArray())
        {
            if (OutputAffine.FeederOf(graph, node) is not { } feeder) continue;
            bool constantFirst = node.Input(0).IsConstant;
            if (node.Type == "Div" && constantFirst) continue;
            int channels = OutputAffine.Channels(feeder);
            if (PerChannel(node.Input(constantFirst ? 0 : 1), feeder, channels) is not { } constant) continue;

            double[] scale = new double[channels], shift = new double[channels];
            for (int c = 0; c < channels; c++)
            {
                (scale[c], shift[c]) = node.Type switch
                {
                    "Mul" => (constant[c], 0.0),
                    "Div" => (1 / constant[c], 0.0),
                    "Add" => (1.0, constant[c]),
                    _ => constantFirst ? (-1.0, constant[c]) : (1.0, -constant[c]),
                };
            }

            if (OutputAffine.Fold(graph, feeder, node, scale, shift)) changes++;
        }

        return PassResult.Of(changes);
    }

    /// <summary>The constant of each output channel; null where it differs within a channel or widens the output.</summary>
    private static double[]? PerChannel(Value value, Node feeder, int channels)
    {
        if (value is not { Constant: { Type: ElementType.Float32 } constant, Quantization: null }) return null;
        int rank = feeder.Output.Shape?.Rank ?? 0;
        if (constant.Rank > rank) return null;
        ReadOnlySpan<float> values = constant.Span<float>();
        double[] result = new double[channels];
        if (constant.Count == 1)
        {
            Array.Fill(result, values[0]);
            return result;
        }

        // Aligned at the last axis, only the channel axis (1) may be longer than 1.
        int channelAxis = constant.Rank - rank + 1;
        if (constant.Count != channels || channelAxis < 0 || constant.Dims[channelAxis] != channels) return null;
        for (int c = 0; c < channels; c++) result[c] = values[c];
        return result;
    }
}
