using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Kernels.Convolution;

/// <summary>FULLY_CONNECTED: the input is taken as rows of as many values as a row of the weights has.</summary>
internal sealed class FullyConnectedOperator : KernelOperator
{
    public override WeightLayout Weight => WeightLayout.Rows;

    public override TensorSpec[] Infer(Node node)
    {
        Tensor input = node.Input(0), weights = node.Input(1);
        node.Require(weights.Rank == 2, "weights must have 2 dimensions");
        int outputs = weights.Shape[0], inputs = weights.Shape[1];
        node.Require(inputs > 0 && input.Elements % inputs == 0, $"the input does not divide into rows of {inputs}");
        if (!FullyConnectedOptions.Read(node.Options).KeepDimensions)
            return [new TensorSpec(input.Type, [input.Elements / inputs, outputs])];
        node.Require(input.Rank > 0 && input.Shape[^1] == inputs, $"the input's last dimension is not {inputs}");
        return [new TensorSpec(input.Type, [.. input.Shape[..^1], outputs])];
    }

    public override bool KeepsSamplesApart(Node node, IReadOnlySet<Tensor> batched) => OnlyFirst(node, batched);

    public override Foldable Takes(Node node) => new(true, null);

    public override Kernel CreateKernel(Node node, AssembledCode? code)
    {
        FullyConnectedOptions options = FullyConnectedOptions.Read(node.Options);
        Tensor input = node.Input(0), weights = node.Input(1);
        node.Require(options.WeightsFormat == 0, "shuffled weights are not supported");
        int outputs = weights.Shape[0], inputs = weights.Shape[1], rows = input.Elements / inputs;
        if (input.Type == TensorType.Float32)
        {
            LayerConstants.RequireFloat(node);
            (float min, float max) = ActivationRange.Float(node, options.Activation);
            return FullyConnected.Float32(
                rows, inputs, outputs, weights.Constant<float>(), LayerConstants.FloatBias(node, outputs), min, max);
        }
        LayerQuantization quantization = LayerConstants.Quantization(node, outputs, 0, options.Activation);
        return FullyConnected.Int8(
            rows, inputs, outputs, quantization, weights.ConstantBytes(), LayerConstants.IntBias(node, outputs),
            input.Type == TensorType.UInt8,
            code);
    }
}
