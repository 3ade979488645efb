using ModelOpt.Runtime.Kernels.Contract;

namespace ModelOpt.Runtime.Kernels.Quantize;

/// <summary>8-bit constants with one scale for each index of an axis → float32. Runs when the model is loaded.</summary>
internal sealed class DequantizePerChannelKernel(
    int outer, int channels, int inner, float[] scales, int[] zeroPoints, bool unsigned) : Kernel
{
    public override int Items => outer * channels;

    public override long Work => (long)Items * inner;

    public override void Run(in KernelArguments args, int start, int end)
    {
        ReadOnlySpan<byte> x = args.Input<byte>(0);
        Span<float> y = args.Output<float>(0);
        for (int item = start; item < end; item++)
        {
            int channel = item % channels;
            for (int i = item * inner; i < (item + 1) * inner; i++)
                y[i] = ((unsigned ? x[i] : (sbyte)x[i]) - zeroPoints[channel]) * scales[channel];
        }
    }
}
