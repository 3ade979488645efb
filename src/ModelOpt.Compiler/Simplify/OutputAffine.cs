using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Convolution;

namespace ModelOpt.Compiler.Simplify;

/// <summary>Folds <c>y·scale + shift</c>, per output channel, into the Conv, ConvTranspose or Gemm that computes y.</summary>
internal static class OutputAffine
{
    /// <summary>
    /// The Conv, ConvTranspose or canonical Gemm whose only reader is <paramref name="node"/>, with constant weights and a result that is
    /// not rounded.
    /// </summary>
    /// <param name="node">The node behind it; its input 0, or its only input that is not constant, is followed.</param>
    /// <returns>The feeder, or null where nothing can be folded.</returns>
    public static Node? FeederOf(Graph graph, Node node)
    {
        Value? input = node.Inputs.FirstOrDefault(i => i is { IsConstant: false });
        if (input is not { Producer: { } feeder, Consumers.Count: 1, Quantization: null } || graph.IsOutput(input)) return null;
        return IsLayer(feeder) || (IsTransposed(feeder) && HasFreeConstants(feeder)) ? feeder : null;
    }

    /// <summary>Whether a node is a Conv or canonical Gemm with a weight and a bias that may be changed.</summary>
    public static bool IsLayer(Node node) => Operator.IsLayer(node) && HasFreeConstants(node)
        && (node.Type == "Conv" || GemmCanonicalization.IsCanonical(node));

    /// <summary>The number of output channels.</summary>
    /// <param name="feeder">A Conv, ConvTranspose or canonical Gemm.</param>
    public static int Channels(Node feeder) => IsTransposed(feeder)
        ? feeder.Input(1).Constant!.Dims[1] * ConvTranspose.Group(feeder) : feeder.Input(1).Constant!.Dims[0];

    /// <summary>Changes weights and bias, and removes the node behind.</summary>
    /// <param name="feeder">The Conv or Gemm.</param>
    /// <returns>False, and nothing changed, where a result would not be finite.</returns>
    public static bool Fold(Graph graph, Node feeder, Node node, double[] scale, double[] shift)
    {
        Tensor weight = feeder.Input(1).Constant!;
        ReadOnlySpan<float> bias = feeder.InputOrNull(2)?.Constant is { } b ? b.Span<float>() : new float[scale.Length];
        float[] newWeight = weight.Span<float>().ToArray();
        float[] newBias = new float[scale.Length];
        for (int i = 0; i < newWeight.Length; i++) newWeight[i] = (float)(newWeight[i] * scale[ChannelOf(feeder, weight, i)]);
        for (int c = 0; c < newBias.Length; c++) newBias[c] = (float)((bias[c] * scale[c]) + shift[c]);
        if (!SetConstants(graph, feeder, newWeight, newBias)) return false;
        graph.ReplaceUses(node.Output, feeder.Output);
        feeder.Output.Quantization = node.Output.Quantization;
        graph.Remove(node);
        return true;
    }

    private static bool IsTransposed(Node node) => node.Type == "ConvTranspose";

    private static bool HasFreeConstants(Node node) =>
        IsFree(node.Input(1)) && (node.InputOrNull(2) is not { } bias || IsFree(bias));

    /// <summary>The output channel that an element of a weight belongs to.</summary>
    private static int ChannelOf(Node feeder, Tensor weight, int element)
    {
        int block = weight.Count / weight.Dims[0];
        if (!IsTransposed(feeder)) return element / block;
        // [C, M/group, …]
        int outputs = weight.Dims[1], inputs = weight.Dims[0] / ConvTranspose.Group(feeder);
        return (element / block / inputs * outputs) + (element % block / (block / outputs));
    }

    /// <summary>Gives a layer another weight, of the same shape, and another bias.</summary>
    /// <param name="layer">The Conv or Gemm.</param>
    /// <param name="bias">The new bias, one element for each output channel.</param>
    /// <returns>False, and nothing changed, where an element is not finite.</returns>
    public static bool SetConstants(Graph graph, Node layer, float[] weight, float[] bias)
    {
        if (!Array.TrueForAll(weight, float.IsFinite) || !Array.TrueForAll(bias, float.IsFinite)) return false;
        graph.ReplaceConstant(layer, 1, Tensor.Of<float>(layer.Input(1).Constant!.Dims, weight));
        SetBias(graph, layer, bias);
        return true;
    }

    /// <summary>Gives a layer another bias.</summary>
    /// <param name="layer">The Conv or Gemm.</param>
    /// <param name="bias">The new bias, one element for each output channel.</param>
    public static void SetBias(Graph graph, Node layer, float[] bias)
    {
        if (layer.InputOrNull(2) is not null) graph.ReplaceConstant(layer, 2, Tensor.Vector<float>(bias));
        else layer.SetInput(2, graph.AddConstant($"{layer.Label}_bias", Tensor.Vector<float>(bias)));
    }

    /// <summary>Whether a value is a float32 constant that may be changed: one that lies on no grid.</summary>
    public static bool IsFree(Value value) =>
        value is { Constant.Type: ElementType.Float32, Quantization: null };
}
