using ModelOpt.Runtime.Kernels.Contract;

namespace ModelOpt.Runtime.Tests.Kernels;

/// <summary>
/// Plain loops over a convolution: the oracle of the planned kernels. Products are summed in the order of kernel rows, columns and
/// channels. Weights are [outputs, height, width, inputs/groups]; a depthwise convolution has one group per input channel and weights
/// [1, height, width, outputs].
/// </summary>
internal abstract class ConvolutionReference<T, TSum>(Window2D w, int groups, bool depthwise) : Kernel
    where T : unmanaged
{
    /// <summary>One output pixel is one item.</summary>
    public override int Items => w.Batch * w.OutputHeight * w.OutputWidth;

    public override long Work => (long)Items * w.OutputChannels * w.KernelHeight * w.KernelWidth * (w.InputChannels / groups);

    public override void Run(in KernelArguments args, int start, int end) => Run(args.Input<T>(0), args.Output<T>(0), start, end);

    /// <summary>The whole output.</summary>
    public T[] Of(ReadOnlySpan<T> input)
    {
        var output = new T[Items * w.OutputChannels];
        Run(input, output, 0, Items);
        return output;
    }

    /// <summary>The sum of no products.</summary>
    protected abstract TSum Bias(int channel);

    protected abstract TSum Add(TSum sum, T input, int weight);

    protected abstract T Finish(TSum sum, int channel);

    private void Run(ReadOnlySpan<T> input, Span<T> output, int start, int end)
    {
        for (int i = start * w.OutputChannels; i < end * w.OutputChannels; i++)
            output[i] = Compute(input, i / w.OutputChannels, i % w.OutputChannels);
    }

    private T Compute(ReadOnlySpan<T> input, int item, int channel)
    {
        int ox = item % w.OutputWidth, oy = item / w.OutputWidth % w.OutputHeight, n = item / (w.OutputWidth * w.OutputHeight);
        int inputs = w.InputChannels / groups, outputs = w.OutputChannels / groups, taps = w.KernelHeight * w.KernelWidth;
        TSum sum = Bias(channel);
        for (int tap = 0; tap < taps; tap++)
        {
            int y = (oy * w.StrideHeight) - w.PadTop + (tap / w.KernelWidth * w.DilationHeight);
            int x = (ox * w.StrideWidth) - w.PadLeft + (tap % w.KernelWidth * w.DilationWidth);
            if ((uint)y >= (uint)w.InputHeight || (uint)x >= (uint)w.InputWidth)
                continue;
            int pixel = (((((n * w.InputHeight) + y) * w.InputWidth) + x) * w.InputChannels) + (channel / outputs * inputs);
            int weight = depthwise ? (tap * w.OutputChannels) + channel : ((channel * taps) + tap) * inputs;
            for (int i = 0; i < inputs; i++)
                sum = Add(sum, input[pixel + i], weight + i);
        }
        return Finish(sum, channel);
    }
}

/// <summary>float32 convolution by fused multiply-adds.</summary>
internal sealed class ConvolutionReferenceF32(
    Window2D window, int groups, bool depthwise, float[] weights, float[] bias, float min, float max)
    : ConvolutionReference<float, float>(window, groups, depthwise)
{
    protected override float Bias(int channel) => bias.Length == 0 ? 0 : bias[channel];

    protected override float Add(float sum, float input, int weight) => MathF.FusedMultiplyAdd(input, weights[weight], sum);

    protected override float Finish(float sum, int channel) => sum < min ? min : sum > max ? max : sum;
}

/// <summary>int8 or uint8 convolution. Padding counts as the input's zero point, that is, as real 0.</summary>
internal sealed class ConvolutionReferenceInt8(
    Window2D window, int groups, bool depthwise, byte[] weights, int[] bias, LayerQuantization quantization, bool unsigned)
    : ConvolutionReference<byte, int>(window, groups, depthwise)
{
    protected override int Bias(int channel) => bias.Length == 0 ? 0 : bias[channel];

    protected override int Add(int sum, byte input, int weight) =>
        sum + ((Value(input) - quantization.InputZeroPoint) * (Value(weights[weight]) - quantization.WeightZeroPoint));

    protected override byte Finish(int sum, int channel) =>
        KernelTesting.Requantize(sum, quantization.Multiplier(channel), quantization);

    private int Value(byte stored) => unsigned ? stored : (sbyte)stored;
}
