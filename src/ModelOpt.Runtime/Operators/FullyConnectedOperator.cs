using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Plan;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Operators;

/// <summary>FULLY_CONNECTED: a 1×1 convolution whose pixels are the rows of the input.</summary>
internal static class FullyConnectedOperator
{
    public static Kernel Create(Node node)
    {
        FullyConnectedOptions options = FullyConnectedOptions.Read(node.Options);
        Tensor input = node.Input(0), weights = node.Input(1);
        node.Require(options.WeightsFormat == 0, "shuffled weights are not supported");
        node.Require(weights.Rank == 2, "weights must have 2 dimensions");
        int outputs = weights.Shape[0], inputs = weights.Shape[1];
        node.Require(inputs > 0 && input.Elements % inputs == 0, $"the input does not divide into rows of {inputs}");
        int rows = input.Elements / inputs;
        node.Require((long)rows * outputs == node.Output.Elements, "the output's shape does not fit");
        var window = new Window2D(1, 1, rows, inputs, 1, rows, outputs, 1, 1, 1, 1, 1, 1, 0, 0);
        if (input.Type == TensorType.Float32)
        {
            (float min, float max) = ActivationRange.Float(node, options.Activation);
            return new ConvolutionReferenceF32(
                window, 1, false, LayerConstants.FloatWeights(node), LayerConstants.FloatBias(node, outputs), min, max);
        }
        LayerQuantization quantization = LayerConstants.Quantization(node, outputs, 0, options.Activation);
        return new ConvolutionReferenceQ8(
            window, 1, false, weights.Constant<byte>().ToArray(), LayerConstants.IntBias(node, outputs), quantization, input.Type == TensorType.UInt8);
    }
}
