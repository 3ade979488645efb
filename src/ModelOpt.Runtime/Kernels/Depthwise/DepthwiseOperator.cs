using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Kernels.Movement;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Kernels.Depthwise;

/// <summary>DEPTHWISE_CONV_2D: each input channel makes as many output channels as the weights say.</summary>
internal sealed class DepthwiseOperator : KernelOperator
{
    public override WeightLayout Weight => WeightLayout.DepthwiseFilters;

    public override TensorSpec[] Infer(Node node)
    {
        Tensor input = node.Input(0), weights = node.Input(1);
        node.Require(
            weights.Rank == 4 && weights.Shape[0] == 1, "weights must have shape [1, height, width, channels]");
        (int height, int width) = Window(node).Positions(node);
        int channels = weights.Shape[3];
        node.Require(
            input.Shape[3] > 0 && channels % input.Shape[3] == 0, "output channels are no multiple of the input channels");
        return [new TensorSpec(input.Type, [input.Shape[0], height, width, channels])];
    }

    public override bool KeepsSamplesApart(Node node, IReadOnlySet<Tensor> batched) => OnlyFirst(node, batched);

    public override Foldable Takes(Node node) => new(true, Window(node).Padding == Padding.Valid ? PadOperator.Zero(node.Input(0)) : null);

    public override Kernel CreateKernel(Node node, AssembledCode? code)
    {
        Window2D window = Window(node).Window(node).Lying();
        ActivationFunction activation = DepthwiseConv2DOptions.Read(node.Options).Activation;
        Tensor input = node.Input(0), weights = node.Input(1);
        int channels = window.OutputChannels;
        if (input.Type == TensorType.Float32)
        {
            LayerConstants.RequireFloat(node);
            (float min, float max) = ActivationRange.Float(node, activation);
            return DepthwiseF32Kernel.Create(window, weights.Constant<float>(), LayerConstants.FloatBias(node, channels), min, max);
        }

        LayerQuantization quantization = LayerConstants.Quantization(node, channels, 3, activation);
        return DepthwiseInt8Kernel.Create(
            window, quantization, weights.ConstantBytes(), LayerConstants.IntBias(node, channels), input.Type == TensorType.UInt8, code);
    }

    private static WindowOptions Window(Node node)
    {
        DepthwiseConv2DOptions options = DepthwiseConv2DOptions.Read(node.Options);
        int[] weights = node.Input(1).Shape;
        return new WindowOptions(
            options.Padding, weights[1], weights[2], options.StrideHeight, options.StrideWidth, options.DilationHeight,
            options.DilationWidth);
    }
}
