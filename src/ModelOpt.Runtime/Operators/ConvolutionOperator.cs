using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Kernels.Assembled;
using ModelOpt.Runtime.Plan;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Operators;

/// <summary>CONV_2D and DEPTHWISE_CONV_2D.</summary>
internal static class ConvolutionOperator
{
    public static Kernel CreateConv2D(Node node, AssembledCode? code)
    {
        (Window2D window, int groups, ActivationFunction activation) = ReadConv2D(node);
        return Create(node, window, groups, false, 0, activation, node.Input(0), code);
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
        (Window2D window, int groups, ActivationFunction activation) = ReadConv2D(node);
        LayerQuantization quantization = LayerConstants.Quantization(node, window.OutputChannels, 0, activation);
        if (!residual.Fits
            || !ConvInt8Assembled.TryCenter(node.Input(1).ConstantBytes(), quantization.WeightZeroPoint, false, out ReadOnlySpan<sbyte> weights))
        {
            return null;
        }

        return ConvInt8.Assemble(
            window, groups, quantization, weights, LayerConstants.IntBias(node, window.OutputChannels), false, code, residual);
    }

    /// <summary>A float32 convolution with the ADD of its result and another tensor, its fourth input.</summary>
    public static Kernel CreateWithAdd(Node node, Node add)
    {
        (float low, float high) = ActivationRange.Float(add, (ActivationFunction)add.Options.Byte(0));
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
        (Window2D window, int groups, ActivationFunction activation) = ReadConv2D(node);
        LayerQuantization quantization = LayerConstants.Quantization(node, window.OutputChannels, 0, activation);
        bool unsigned = node.Input(0).Type == TensorType.UInt8;
        return ConvInt8Assembled.TryCenter(
            node.Input(1).Constant<byte>(), quantization.WeightZeroPoint, unsigned, out ReadOnlySpan<sbyte> weights)
            ? ConvInt8.Assemble(
                window, groups, quantization, weights, LayerConstants.IntBias(node, window.OutputChannels), unsigned, code, place: place)
            : null;
    }

    private static Kernel Create(Node node, ConvDestination destination)
    {
        (Window2D window, int groups, ActivationFunction activation) = ReadConv2D(node);
        LayerConstants.RequireFloat(node);
        (float min, float max) = ActivationRange.Float(node, activation);
        float[] bias = LayerConstants.FloatBias(node, window.OutputChannels);
        return ConvF32.Create(window, groups, node.Input(1).Constant<float>(), bias, min, max, null, destination);
    }

    private static (Window2D Window, int Groups, ActivationFunction Activation) ReadConv2D(Node node)
    {
        Conv2DOptions options = Conv2DOptions.Read(node.Options);
        Tensor input = node.Input(0), weights = node.Input(1);
        node.Require(weights.Rank == 4, "weights must have 4 dimensions");
        int[] shape = weights.Shape;
        var kernel = new WindowOptions(
            options.Padding, shape[1], shape[2], options.StrideHeight, options.StrideWidth, options.DilationHeight, options.DilationWidth);
        Window2D window = kernel.Window(node);
        node.Require(
            shape[0] == window.OutputChannels, "the weights' first dimension is not the number of output channels");
        node.Require(shape[3] > 0 && window.InputChannels % shape[3] == 0, "input channels do not divide into groups");
        int groups = window.InputChannels / shape[3];
        node.Require(window.OutputChannels % groups == 0, "output channels do not divide into groups");
        return (window, groups, options.Activation);
    }

    public static Kernel CreateDepthwise(Node node, AssembledCode? code)
    {
        DepthwiseConv2DOptions options = DepthwiseConv2DOptions.Read(node.Options);
        Tensor input = node.Input(0), weights = node.Input(1);
        node.Require(
            weights.Rank == 4 && weights.Shape[0] == 1, "weights must have shape [1, height, width, channels]");
        int[] shape = weights.Shape;
        var kernel = new WindowOptions(
            options.Padding, shape[1], shape[2], options.StrideHeight, options.StrideWidth, options.DilationHeight, options.DilationWidth);
        Window2D window = kernel.Window(node);
        node.Require(
            shape[3] == window.OutputChannels, "the weights' last dimension is not the number of output channels");
        node.Require(
            window.InputChannels > 0 && window.OutputChannels % window.InputChannels == 0,
            "output channels are no multiple of the input channels");
        return Create(node, window, window.InputChannels, true, 3, options.Activation, input, code);
    }

    private static Kernel Create(
        Node node, Window2D window, int groups, bool depthwise, int channelAxis, ActivationFunction activation, Tensor input,
        AssembledCode? code)
    {
        Tensor weights = node.Input(1);
        int channels = window.OutputChannels;
        if (input.Type == TensorType.Float32)
        {
            LayerConstants.RequireFloat(node);
            (float min, float max) = ActivationRange.Float(node, activation);
            float[] bias = LayerConstants.FloatBias(node, channels);
            return depthwise
                ? DepthwiseF32.Create(window, weights.Constant<float>(), bias, min, max)
                : ConvF32.Create(window, groups, weights.Constant<float>(), bias, min, max);
        }
        bool unsigned = input.Type == TensorType.UInt8;
        LayerQuantization quantization = LayerConstants.Quantization(node, channels, channelAxis, activation);
        int[] intBias = LayerConstants.IntBias(node, channels);
        return depthwise
            ? DepthwiseInt8.Create(window, quantization, weights.ConstantBytes(), intBias, unsigned, code)
            : ConvInt8.Create(window, groups, quantization, weights.ConstantBytes(), intBias, unsigned, code);
    }
}
