using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Simd;

namespace ModelOpt.Runtime.Kernels.Convolution;

/// <summary>A fully connected layer is a pointwise convolution over a row of pixels, one per sample.</summary>
internal static class FullyConnected
{
    /// <summary>
    /// 8 bits: input [batch, inputs], weights [outputs, inputs], bias [outputs] or empty, output [batch, outputs].
    /// </summary>
    public static Kernel Int8(
        int batch, int inputs, int outputs, LayerQuantization quantization, ReadOnlySpan<byte> weights,
        ReadOnlySpan<int> bias, bool unsigned, AssembledCode? code) =>
        ConvInt8Kernel.Create(Pixels(batch, inputs, outputs), 1, quantization, weights, bias, unsigned, code);

    /// <summary>
    /// float32: input [batch, inputs], weights [outputs, inputs], bias [outputs] or empty, output [batch, outputs].
    /// </summary>
    public static Kernel Float32(
        int batch, int inputs, int outputs, ReadOnlySpan<float> weights, ReadOnlySpan<float> bias, float low, float high,
        SimdTier? tier = null) =>
        ConvF32Kernel.Create(Pixels(batch, inputs, outputs), 1, weights, bias, low, high, tier);

    private static Window2D Pixels(int batch, int inputs, int outputs) =>
        new(1, 1, batch, inputs, 1, batch, outputs, 1, 1, 1, 1, 1, 1, 0, 0);
}
