using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Kernels.Assembled;
using ModelOpt.Runtime.Plan;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Operators;

/// <summary>FULLY_CONNECTED: the input is taken as rows of as many values as a row of the weights has.</summary>
internal static class FullyConnectedOperator
{
    public static Kernel Create(Node node, AssembledCode? code)
    {
        FullyConnectedOptions options = FullyConnectedOptions.Read(node.Options);
        Tensor input = node.Input(0), weights = node.Input(1);
        node.Require(options.WeightsFormat == 0, "shuffled weights are not supported");
        node.Require(weights.Rank == 2, "weights must have 2 dimensions");
        int outputs = weights.Shape[0], inputs = weights.Shape[1];
        node.Require(inputs > 0 && input.Elements % inputs == 0, $"the input does not divide into rows of {inputs}");
        int rows = input.Elements / inputs;
        node.Require((long)rows * outputs == node.Output.Elements, "the output's shape does not fit");
        if (input.Type == TensorType.Float32)
        {
            LayerConstants.RequireFloat(node);
            (float min, float max) = ActivationRange.Float(node, options.Activation);
            return FullyConnected.Float32(
                rows, inputs, outputs, weights.Constant<float>(), LayerConstants.FloatBias(node, outputs), min, max);
        }
        LayerQuantization quantization = LayerConstants.Quantization(node, outputs, 0, options.Activation);
        return FullyConnected.Int8(
            rows, inputs, outputs, quantization, weights.ConstantBytes(), LayerConstants.IntBias(node, outputs), input.Type == TensorType.UInt8,
            code);
    }
}
