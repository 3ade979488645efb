using System.Buffers;
using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Kernels.Depthwise;
using ModelOpt.Runtime.Kernels.MatMul;
using ModelOpt.Runtime.Simd;
using ModelOpt.Runtime.Threading;

namespace ModelOpt.Compiler.Kernels;

/// <summary>
/// float32 depthwise convolution in ONNX's layout with one output for each input channel: <see cref="DepthwiseF32Kernel"/> over
/// blocks of channels whose planes are turned into pixels and back. A part is a block of an image.
/// </summary>
internal sealed unsafe class DepthwiseNchwF32 : IParallelJob
{
    private const int BlockElements = 16384;

    private readonly SimdTier _tier;
    private readonly Window2D _window;
    private readonly float* _input;
    private readonly float* _weights;
    private readonly float* _bias;
    private readonly float* _output;
    private readonly int _blockChannels;
    private readonly int _blocks;

    /// <param name="input">[N, C, H, W].</param>
    /// <param name="weights">[C, KH, KW].</param>
    /// <param name="bias">[C], or null.</param>
    /// <param name="output">[N, C, OH, OW].</param>
    public DepthwiseNchwF32(SimdTier tier, in Window2D window, float* input, float* weights, float* bias, float* output)
    {
        _tier = tier;
        _window = window;
        _input = input;
        _weights = weights;
        _bias = bias;
        _output = output;
        _blockChannels = Math.Clamp(BlockElements / Math.Max(1, window.InputHeight * window.InputWidth) & -16, 16, 64);
        _blocks = (window.InputChannels + _blockChannels - 1) / _blockChannels;
    }

    /// <summary>Images times blocks of channels.</summary>
    public int Parts => _window.Batch * _blocks;

    public void Execute(int part)
    {
        int first = part % _blocks * _blockChannels, channels = Math.Min(_blockChannels, _window.InputChannels - first);
        int inputPlane = _window.InputHeight * _window.InputWidth, outputPlane = _window.OutputHeight * _window.OutputWidth;
        int taps = _window.KernelHeight * _window.KernelWidth;
        nint plane = ((nint)(part / _blocks) * _window.InputChannels) + first;
        float[] buffer = ArrayPool<float>.Shared.Rent(checked((inputPlane + outputPlane + taps) * channels));
        fixed (float* memory = buffer)
        {
            float* pixels = memory, result = pixels + ((nint)inputPlane * channels), weights = result + ((nint)outputPlane * channels);
            Transpose(_weights + ((nint)first * taps), channels, taps, weights);
            Transpose(_input + (plane * inputPlane), channels, inputPlane, pixels);
            var bias = new ReadOnlySpan<float>(_bias == null ? null : _bias + first, _bias == null ? 0 : channels);
            Window2D window = _window with { Batch = 1, InputChannels = channels, OutputChannels = channels };
            var kernel = new DepthwiseF32Kernel(
                window, new ReadOnlySpan<float>(weights, taps * channels), bias, float.NegativeInfinity, float.PositiveInfinity, _tier);
            kernel.Run(pixels, result, 0, kernel.Items);
            Transpose(result, outputPlane, channels, _output + (plane * outputPlane));
        }

        ArrayPool<float>.Shared.Return(buffer);
    }

    /// <summary>[rows, columns] to [columns, rows].</summary>
    private static void Transpose(float* from, int rows, int columns, float* to) =>
        new MatrixSource(from, 1, columns).Panel(0, columns, 0, rows, rows, to);
}
