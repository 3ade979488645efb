using ModelOpt.Compiler.Calibration;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Options;
using ModelOpt.Compiler.Simplify;

namespace ModelOpt.Compiler.Techniques.Quantize;

/// <summary>
/// Evens out the channels of activations that share one int8 scale: channel c is divided by <c>s_c</c> where it is written,
/// and the weights that read it are multiplied. <c>s_c = √(max|x_c| / max|w_c|)</c> splits the burden between activation and
/// weights (cross-layer equalization, Nagel et al. 2019, with the activations seen in calibration, as SmoothQuant, Xiao et
/// al. 2022, does with a = 0.5). Depthwise layers bear all of it: <c>s_c = max|x_c|</c>.
/// </summary>
/// <remarks>The factors are powers of two, so that the float model computes the very same bits as before.</remarks>
internal sealed class ChannelEqualization : Pass
{
    private const int Samples = 32;
    private const int MaxExponent = 6;

    public override PassPhase Phase => PassPhase.Prepare;

    public override PassResult Apply(Graph graph, PassContext context)
    {
        if (!Int8Quantization.IsWanted(graph, context)) return PassResult.Of(0);
        List<EqualizationGroup> groups = EqualizationGroups.Find(graph);
        if (groups.Count == 0) return PassResult.Of(0);
        Dictionary<Value, float[]> largest = [];
        using (Calibrator calibrator = new(graph, context))
        {
            calibrator.Run(groups.SelectMany(g => g.Values), Samples, "equalize", (value, tensor) =>
            {
                if (!largest.TryGetValue(value, out float[]? channels)) largest[value] = channels = new float[tensor.Dims[1]];
                ChannelFactors.Raise(channels, tensor);
            });
        }

        return PassResult.Of(groups.Count(g => Equalize(graph, g, largest)));
    }

    private static bool Equalize(Graph graph, EqualizationGroup group, Dictionary<Value, float[]> largest)
    {
        float[] activation = new float[largest[group.Values[0]].Length];
        foreach (Value value in group.Values)
        {
            for (int c = 0; c < activation.Length; c++) activation[c] = MathF.Max(activation[c], largest[value][c]);
        }

        float[] weight = new float[activation.Length];
        // A weight that has a scale for each channel that it reads takes any factor.
        bool isFree = group.Readers.TrueForAll(IsDepthwise);
        foreach (Node reader in group.Readers)
        {
            ReadOnlySpan<float> values = reader.Input(1).Constant!.Span<float>();
            for (int i = 0; i < values.Length; i++)
            {
                ref float most = ref weight[ChannelFactors.InputChannel(reader, i)];
                most = MathF.Max(most, MathF.Abs(values[i]));
            }
        }

        int[] exponents = Exponents(activation, weight, isFree);
        if (Array.TrueForAll(exponents, e => e == 0)) return false;
        int[] negative = [.. exponents.Select(e => -e)];
        foreach (Node writer in group.Writers) ChannelFactors.ScaleOutputs(graph, writer, negative);
        foreach (Node reader in group.Readers) ChannelFactors.ScaleInputs(graph, reader, exponents);
        return true;
    }

    private static bool IsDepthwise(Node layer) => layer.Type == "Conv" && layer.Input(1).Constant!.Dims[1] == 1;

    /// <summary>log₂ s_c, centred so that the group as a whole keeps its magnitude; 0 for channels that are always zero.</summary>
    /// <param name="isFree">Whether the weights lose nothing by it.</param>
    private static int[] Exponents(float[] activation, float[] weight, bool isFree)
    {
        double[] logs = new double[activation.Length];
        int used = 0;
        double sum = 0;
        for (int c = 0; c < logs.Length; c++)
        {
            if (activation[c] == 0 || weight[c] == 0) continue;
            logs[c] = isFree ? Math.Log2(activation[c]) : 0.5 * Math.Log2((double)activation[c] / weight[c]);
            sum += logs[c];
            used++;
        }

        int[] exponents = new int[logs.Length];
        for (int c = 0; c < logs.Length; c++)
        {
            if (activation[c] == 0 || weight[c] == 0) continue;
            exponents[c] = (int)Math.Clamp(Math.Round(logs[c] - (sum / used)), -MaxExponent, MaxExponent);
        }

        return exponents;
    }
}
