using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Assembled;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Kernels.Elementwise;
using ModelOpt.Runtime.Kernels.Movement;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Kernels.Convolution;

/// <summary>CONV_2D; fewer input channels in the weights than in the input make groups.</summary>
internal sealed class ConvolutionOperator : KernelOperator
{
    public override WeightLayout Weight => WeightLayout.Filters;

    public override TensorSpec[] Infer(Node node)
    {
        Tensor input = node.Input(0), weights = node.Input(1);
        node.Require(weights.Rank == 4, "weights must have 4 dimensions");
        (int height, int width) = Window(node).Positions(node);
        int channels = weights.Shape[0], groupChannels = weights.Shape[3];
        node.Require(groupChannels > 0 && input.Shape[3] % groupChannels == 0, "input channels do not divide into groups");
        int groups = input.Shape[3] / groupChannels;
        node.Require(groups > 0 && channels % groups == 0, "output channels do not divide into groups");
        return [new TensorSpec(input.Type, [input.Shape[0], height, width, channels])];
    }

    public override bool KeepsSamplesApart(Node node, IReadOnlySet<Tensor> batched) => OnlyFirst(node, batched);

    public override Foldable Takes(Node node) => new(true, Window(node).Padding == Padding.Valid ? PadOperator.Zero(node.Input(0)) : null);

    public override Kernel CreateKernel(Node node, AssembledCode? code)
    {
        (Window2D window, int groups, ActivationFunction activation) = Read(node);
        int channels = window.OutputChannels;
        Tensor input = node.Input(0), weights = node.Input(1);
        if (input.Type == TensorType.Float32)
        {
            LayerConstants.RequireFloat(node);
            (float min, float max) = ActivationRange.Float(node, activation);
            return ConvF32Kernel.Create(window, groups, weights.Constant<float>(), LayerConstants.FloatBias(node, channels), min, max);
        }

        LayerQuantization quantization = LayerConstants.Quantization(node, channels, 0, activation);
        return ConvInt8Kernel.Create(
            window, groups, quantization, weights.ConstantBytes(), LayerConstants.IntBias(node, channels),
            input.Type == TensorType.UInt8, code);
    }

    /// <summary>
    /// An int8 convolution with the ADD of its result and another tensor, its fourth input; null where it can't be assembled.
    /// </summary>
    /// <param name="node">The convolution.</param>
    /// <param name="add">The addition.</param>
    /// <param name="side">Which of the addition's operands is the convolution's result.</param>
    /// <param name="code">Receives the assembled functions.</param>
    public static Kernel? TryCreateWithAdd(Node node, Node add, int side, AssembledCode code)
    {
        ResidualAdd residual = ArithmeticOperator.Residual(add, side);
        (Window2D window, int groups, ActivationFunction activation) = Read(node);
        LayerQuantization quantization = LayerConstants.Quantization(node, window.OutputChannels, 0, activation);
        if (!residual.Fits
            || !ConvInt8AssembledKernel.TryCenter(
            node.Input(1).ConstantBytes(), quantization.WeightZeroPoint, false, out ReadOnlySpan<sbyte> weights))
        {
            return null;
        }

        return ConvInt8Kernel.Assemble(
            window, groups, quantization, weights, LayerConstants.IntBias(node, window.OutputChannels), false, code, residual);
    }

    /// <summary>A float32 convolution with the ADD of its result and another tensor, its fourth input.</summary>
    public static Kernel CreateWithAdd(Node node, Node add)
    {
        (float low, float high) = ActivationRange.Float(add, ArithmeticOperator.Activation(add));
        return Create(node, new ConvDestination(node.Output.Shape[3], 0, true, low, high));
    }

    /// <summary>A convolution that leaves its result between those of others; null where it is neither float32 nor assembled.</summary>
    /// <param name="node">The convolution.</param>
    /// <param name="place">Where the result belongs.</param>
    /// <param name="code">Receives the assembled functions; null where there shall be none.</param>
    public static Kernel? TryCreateInto(Node node, ChannelPlace place, AssembledCode? code)
    {
        if (node.Input(0).Type == TensorType.Float32)
            return Create(node, new ConvDestination(place.Pitch, place.First, false, 0, 0));
        if (code is null)
            return null;
        (Window2D window, int groups, ActivationFunction activation) = Read(node);
        LayerQuantization quantization = LayerConstants.Quantization(node, window.OutputChannels, 0, activation);
        bool unsigned = node.Input(0).Type == TensorType.UInt8;
        return ConvInt8AssembledKernel.TryCenter(
            node.Input(1).Constant<byte>(), quantization.WeightZeroPoint, unsigned, out ReadOnlySpan<sbyte> weights)
            ? ConvInt8Kernel.Assemble(
                window, groups, quantization, weights, LayerConstants.IntBias(node, window.OutputChannels), unsigned, code, place: place)
            : null;
    }

    private static Kernel Create(Node node, ConvDestination destination)
    {
        (Window2D window, int groups, ActivationFunction activation) = Read(node);
        LayerConstants.RequireFloat(node);
        (float min, float max) = ActivationRange.Float(node, activation);
        float[] bias = LayerConstants.FloatBias(node, window.OutputChannels);
        return ConvF32Kernel.Create(window, groups, node.Input(1).Constant<float>(), bias, min, max, null, destination);
    }

    private static WindowOptions Window(Node node)
    {
        Conv2DOptions options = Conv2DOptions.Read(node.Options);
        int[] weights = node.Input(1).Shape;
        return new WindowOptions(
            options.Padding, weights[1], weights[2], options.StrideHeight, options.StrideWidth, options.DilationHeight,
            options.DilationWidth);
    }

    private static (Window2D Window, int Groups, ActivationFunction Activation) Read(Node node)
    {
        Window2D window = Window(node).Window(node).Lying();
        return (window, window.InputChannels / node.Input(1).Shape[3], Conv2DOptions.Read(node.Options).Activation);
    }
}
