using ModelOpt.Runtime.Kernels.Contract;

namespace ModelOpt.Runtime.Tests.Kernels;

/// <summary>
/// Plain loops over a convolution: the oracle of the planned kernels. Weights are [outputs, height, width, inputs/groups]; a depthwise
/// convolution
/// has one group per input channel and weights [1, height, width, outputs].
/// </summary>
internal static class ConvolutionReference
{
    /// <summary>One output pixel is one item.</summary>
    public static int Items(in Window2D w) => w.Batch * w.OutputHeight * w.OutputWidth;

    public static long Work(in Window2D w, int groups) =>
        (long)Items(w) * w.OutputChannels * w.KernelHeight * w.KernelWidth * (w.InputChannels / groups);

    /// <summary>Index of a weight.</summary>
    public static int WeightIndex(in Window2D w, int groups, bool depthwise, int output, int ky, int kx, int input) =>
        depthwise
            ? (((ky * w.KernelWidth) + kx) * w.OutputChannels) + output
            : (((((output * w.KernelHeight) + ky) * w.KernelWidth) + kx) * (w.InputChannels / groups)) + input;
}

/// <summary>float32 convolution: products are summed in the order of kernel rows, columns and channels, by fused multiply-adds.</summary>
internal sealed class ConvolutionReferenceF32(
    Window2D window, int groups, bool depthwise, float[] weights, float[] bias, float min, float max) : Kernel
{
    public override int Items => ConvolutionReference.Items(window);

    public override long Work => ConvolutionReference.Work(window, groups);

    public override void Run(in KernelArguments args, int start, int end)
    {
        ReadOnlySpan<float> input = args.Input<float>(0);
        Span<float> output = args.Output<float>(0);
        Window2D w = window;
        int groupInputs = w.InputChannels / groups, groupOutputs = w.OutputChannels / groups;
        for (int item = start; item < end; item++)
        {
            int ox = item % w.OutputWidth, oy = item / w.OutputWidth % w.OutputHeight;
            int n = item / (w.OutputWidth * w.OutputHeight);
            for (int c = 0; c < w.OutputChannels; c++)
            {
                float sum = bias.Length == 0 ? 0 : bias[c];
                for (int ky = 0; ky < w.KernelHeight; ky++)
                {
                    int y = (oy * w.StrideHeight) - w.PadTop + (ky * w.DilationHeight);
                    if ((uint)y >= (uint)w.InputHeight)
                        continue;
                    for (int kx = 0; kx < w.KernelWidth; kx++)
                    {
                        int x = (ox * w.StrideWidth) - w.PadLeft + (kx * w.DilationWidth);
                        if ((uint)x >= (uint)w.InputWidth)
                            continue;
                        int pixel = (((((n * w.InputHeight) + y) * w.InputWidth) + x) * w.InputChannels) + (c / groupOutputs * groupInputs);
                        for (int i = 0; i < groupInputs; i++)
                        {
                            float weight = weights[ConvolutionReference.WeightIndex(
                                w, groups, depthwise, c, ky, kx, i)];
                            sum = MathF.FusedMultiplyAdd(input[pixel + i], weight, sum);
                        }
                    }
                }
                output[(item * w.OutputChannels) + c] = sum < min ? min : sum > max ? max : sum;
            }
        }
    }
}

/// <summary>int8 or uint8 convolution. Padding counts as the input's zero point, that is, as real 0.</summary>
internal sealed class ConvolutionReferenceInt8(
    Window2D window, int groups, bool depthwise, byte[] weights, int[] bias, LayerQuantization quantization, bool unsigned) : Kernel
{
    public override int Items => ConvolutionReference.Items(window);

    public override long Work => ConvolutionReference.Work(window, groups);

    public override void Run(in KernelArguments args, int start, int end)
    {
        ReadOnlySpan<byte> input = args.Input<byte>(0);
        Span<byte> output = args.Output<byte>(0);
        Window2D w = window;
        int groupInputs = w.InputChannels / groups, groupOutputs = w.OutputChannels / groups;
        for (int item = start; item < end; item++)
        {
            int ox = item % w.OutputWidth, oy = item / w.OutputWidth % w.OutputHeight;
            int n = item / (w.OutputWidth * w.OutputHeight);
            for (int c = 0; c < w.OutputChannels; c++)
            {
                int sum = bias.Length == 0 ? 0 : bias[c];
                for (int ky = 0; ky < w.KernelHeight; ky++)
                {
                    int y = (oy * w.StrideHeight) - w.PadTop + (ky * w.DilationHeight);
                    if ((uint)y >= (uint)w.InputHeight)
                        continue;
                    for (int kx = 0; kx < w.KernelWidth; kx++)
                    {
                        int x = (ox * w.StrideWidth) - w.PadLeft + (kx * w.DilationWidth);
                        if ((uint)x >= (uint)w.InputWidth)
                            continue;
                        int pixel = (((((n * w.InputHeight) + y) * w.InputWidth) + x) * w.InputChannels) + (c / groupOutputs * groupInputs);
                        for (int i = 0; i < groupInputs; i++)
                        {
                            byte weight = weights[ConvolutionReference.WeightIndex(w, groups, depthwise, c, ky, kx, i)];
                            sum += (Value(input[pixel + i]) - quantization.InputZeroPoint) * (Value(weight) - quantization.WeightZeroPoint);
                        }
                    }
                }
                output[(item * w.OutputChannels) + c] = (byte)Requantize(sum, c);
            }
        }
    }

    // The zero point is added after rounding.
    private int Requantize(int accumulator, int channel)
    {
        float value = MathF.Round(accumulator * quantization.Multiplier(channel));
        float low = quantization.OutputMin - quantization.OutputZeroPoint;
        float high = quantization.OutputMax - quantization.OutputZeroPoint;
        return (int)Math.Clamp(value, low, high) + quantization.OutputZeroPoint;
    }

    private int Value(byte stored) => unsigned ? stored : (sbyte)stored;
}
