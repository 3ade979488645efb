using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Numerics;

namespace ModelOpt.Compiler.Techniques.Quantize;

/// <summary>Multiplies a layer's weights by powers of two per channel: no bit of what the float layer computes gets lost.</summary>
internal static class ChannelFactors
{
    /// <summary>Multiplies what a Conv or Gemm writes.</summary>
    /// <param name="exponents">Of two, by output channel.</param>
    public static void ScaleOutputs(Graph graph, Node layer, int[] exponents)
    {
        if (Array.TrueForAll(exponents, e => e == 0)) return;
        Scale(graph, layer, 1, i => exponents[OutputChannel(layer, i)]);
        if (layer.InputOrNull(2) is not null) Scale(graph, layer, 2, i => exponents[i]);
    }

    /// <summary>Multiplies the weights that read the channels of a Conv's or Gemm's input.</summary>
    /// <param name="exponents">Of two, by input channel.</param>
    public static void ScaleInputs(Graph graph, Node layer, int[] exponents)
    {
        if (Array.TrueForAll(exponents, e => e == 0)) return;
        Scale(graph, layer, 1, i => exponents[InputChannel(layer, i)]);
    }

    /// <summary>The input channel that an element of a weight [out, in / groups, …] multiplies.</summary>
    public static int InputChannel(Node layer, int index)
    {
        Tensor weight = layer.Input(1).Constant!;
        int perGroup = weight.Dims[1];
        int kernel = weight.Count / weight.Dims[0] / perGroup;
        int outputsPerGroup = weight.Dims[0] / (int)layer.Int("group", 1);
        int output = index / (perGroup * kernel);
        return (output / outputsPerGroup * perGroup) + (index / kernel % perGroup);
    }

    private static int OutputChannel(Node layer, int index)
    {
        Tensor weight = layer.Input(1).Constant!;
        return index / (weight.Count / weight.Dims[0]);
    }

    private static void Scale(Graph graph, Node layer, int input, Func<int, int> exponentOf)
    {
        Tensor tensor = layer.Input(input).Constant!;
        float[] values = tensor.Span<float>().ToArray();
        for (int i = 0; i < values.Length; i++) values[i] = MathF.ScaleB(values[i], exponentOf(i));
        graph.ReplaceConstant(layer, input, Tensor.Of<float>(tensor.Dims, values));
    }

    /// <summary>Raises the largest magnitude of each channel (axis 1) to that of a tensor.</summary>
    public static void Raise(float[] channels, Tensor tensor)
    {
        ReadOnlySpan<float> values = tensor.Span<float>();
        int inner = values.Length / tensor.Dims[0] / channels.Length;
        for (int start = 0; start < values.Length; start += inner)
        {
            ref float most = ref channels[start / inner % channels.Length];
            (float min, float max) = Extremes.Of(values.Slice(start, inner));
            most = MathF.Max(most, MathF.Max(-min, max));
        }
    }
}
