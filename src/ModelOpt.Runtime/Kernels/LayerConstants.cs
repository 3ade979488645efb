using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Kernels;

/// <summary>Weights, bias and quantization of convolutions and fully connected layers: input 0, weights 1, bias 2.</summary>
internal static class LayerConstants
{
    public static void RequireFloat(Node node)
    {
        if (node.Input(0).Type != TensorType.Float32 || node.Input(1).Type != TensorType.Float32 || node.Output.Type != TensorType.Float32)
            throw node.UnsupportedTypes();
    }

    /// <summary>The bias, or an empty array.</summary>
    public static float[] FloatBias(Node node, int channels)
    {
        if (node.OptionalInput(2) is not { } bias)
            return [];
        node.Require(
            bias.Type == TensorType.Float32 && bias.Elements == channels, $"bias must be {channels} float32 values");
        return bias.Constant<float>().ToArray();
    }

    /// <summary>The bias at scale input·weights, or an empty array.</summary>
    public static int[] IntBias(Node node, int channels)
    {
        if (node.OptionalInput(2) is not { } bias)
            return [];
        node.Require(
            bias.Type == TensorType.Int32 && bias.Elements == channels, $"bias must be {channels} int32 values");
        return bias.ConstantInts(channels);
    }

    public static LayerQuantization Quantization(
        Node node, int channels, int channelAxis, ActivationFunction activation)
    {
        Tensor input = node.Input(0), weights = node.Input(1), output = node.Output;
        if (!input.IsQuantized8 || !output.IsQuantized8 || output.Type != input.Type || weights.Type != input.Type)
            throw node.UnsupportedTypes();
        if (weights.Quantization is not { } quantization)
            throw weights.Error("has no quantization parameters");
        int zeroPoint = quantization.ZeroPoint(0);
        if (quantization.Count != 1)
        {
            node.Require(
                quantization.Count == channels && quantization.Axis == channelAxis,
                $"weights have {quantization.Count} scales along axis {quantization.Axis}; {channels} along axis {channelAxis} are "
                    + "expected");
        }
        for (int i = 0; i < quantization.Count; i++)
        {
            node.Require(
                quantization.ZeroPoint(i) == zeroPoint && (zeroPoint == 0 || input.Type == TensorType.UInt8),
                "weights have zero points that are not supported");
        }
        (int min, int max) = ActivationRange.Quantized(node, activation);
        return new LayerQuantization(
            input.Scale, input.ZeroPoint, quantization.Scales(), zeroPoint, output.Scale, output.ZeroPoint, min, max);
    }
}
