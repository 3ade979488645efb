using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ModelOpt.Runtime.Kernels.Contract;

namespace ModelOpt.Runtime.Kernels.Pooling;

/// <summary>Walks over the windows of a pooling operator. One row of output pixels is one item.</summary>
internal abstract class PoolKernel(Window2D window) : Kernel
{
    public override int Items => window.Batch * window.OutputHeight;

    public override long Work =>
        (long)Items * window.OutputWidth * window.KernelHeight * window.KernelWidth * window.InputChannels;

    protected int Channels => window.InputChannels;

    public override void Run(in KernelArguments args, int start, int end)
    {
        Window2D w = window;
        for (int item = start; item < end; item++)
        {
            int n = item / w.OutputHeight, oy = item % w.OutputHeight;
            int top = (oy * w.StrideHeight) - w.PadTop;
            int y0 = Math.Max(top, 0), y1 = Math.Min(top + w.KernelHeight, w.InputHeight);
            for (int ox = 0; ox < w.OutputWidth; ox++)
            {
                int left = (ox * w.StrideWidth) - w.PadLeft;
                int x0 = Math.Max(left, 0), x1 = Math.Min(left + w.KernelWidth, w.InputWidth);
                int first = ((((n * w.InputHeight) + y0) * w.InputWidth) + x0) * w.InputChannels;
                int output = ((item * w.OutputWidth) + ox) * w.InputChannels;
                Pool(args, first, w.InputWidth * w.InputChannels, Math.Max(y1 - y0, 0), Math.Max(x1 - x0, 0), output);
            }
        }
    }

    /// <summary>Pools <paramref name="rows"/>×<paramref name="columns"/> pixels that lie inside of the input.</summary>
    protected abstract void Pool(in KernelArguments args, int first, int rowStride, int rows, int columns, int output);
}

/// <summary>Mean of the window's pixels that lie inside of the input, summed row by row in float32.</summary>
internal sealed class AveragePoolF32Kernel(Window2D window, float min, float max) : PoolKernel(window)
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void Pool(in KernelArguments args, int first, int rowStride, int rows, int columns, int output)
    {
        ref float x = ref Unsafe.Add(ref MemoryMarshal.GetReference(args.Input<float>(0)), first);
        ref float y = ref Unsafe.Add(ref MemoryMarshal.GetReference(args.Output<float>(0)), output);
        float count = rows * columns;
        int c = 0;
        for (; c <= Channels - Vector<float>.Count; c += Vector<float>.Count)
        {
            var sum = Vector<float>.Zero;
            for (int r = 0; r < rows; r++)
            {
                for (int k = 0; k < columns; k++)
                {
                    ref float source = ref Unsafe.Add(ref x, (r * rowStride) + (k * Channels) + c);
                    sum += Unsafe.ReadUnaligned<Vector<float>>(ref Unsafe.As<float, byte>(ref source));
                }
            }
            Vector<float> mean = Vector.Min(
                Vector.Max(sum / new Vector<float>(count), new Vector<float>(min)), new Vector<float>(max));
            Unsafe.WriteUnaligned(ref Unsafe.As<float, byte>(ref Unsafe.Add(ref y, c)), mean);
        }
        for (; c < Channels; c++)
        {
            float sum = 0;
            for (int r = 0; r < rows; r++)
            {
                for (int k = 0; k < columns; k++)
                    sum += Unsafe.Add(ref x, (r * rowStride) + (k * Channels) + c);
            }
            Unsafe.Add(ref y, c) = MathF.Min(MathF.Max(sum / count, min), max);
        }
    }
}

/// <summary>
/// Mean of 8-bit pixels, as ONNX Runtime's QLinearAveragePool computes it: dequantized values are summed in float32, divided
/// by the count and quantized, with z_y added before rounding.
/// </summary>
internal sealed class AveragePoolQ8Kernel(
    Window2D window, float inputScale, int inputZero, float outputScale, int outputZero, int min, int max, bool unsigned)
    : PoolKernel(window)
{
    private readonly byte _flip = (byte)(unsigned ? 0x80 : 0);
    private readonly float _inputShift = inputZero - (unsigned ? 128 : 0);
    private readonly float _outputShift = outputZero - (unsigned ? 128 : 0);
    private readonly float _min = min - (unsigned ? 128 : 0);
    private readonly float _max = max - (unsigned ? 128 : 0);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void Pool(in KernelArguments args, int first, int rowStride, int rows, int columns, int output)
    {
        ref byte x = ref QuantizedBytes.Reference(args.Input<byte>(0), first);
        ref byte y = ref QuantizedBytes.Reference(args.Output<byte>(0), output);
        float count = rows * columns;
        int c = 0;
        for (; c <= Channels - Vector<byte>.Count; c += Vector<byte>.Count)
        {
            Vector<float> s0 = default, s1 = default, s2 = default, s3 = default;
            for (int r = 0; r < rows; r++)
            {
                for (int k = 0; k < columns; k++)
                {
                    ref byte source = ref Unsafe.Add(ref x, (r * rowStride) + (k * Channels) + c);
                    QuantizedBytes.Load(ref source, _flip, out var v0, out var v1, out var v2, out var v3);
                    s0 += Term(v0);
                    s1 += Term(v1);
                    s2 += Term(v2);
                    s3 += Term(v3);
                }
            }
            QuantizedBytes.Store(
                ref Unsafe.Add(ref y, c), _flip, Result(s0, count), Result(s1, count), Result(s2, count), Result(s3, count));
        }
        for (; c < Channels; c++)
        {
            float sum = 0;
            for (int r = 0; r < rows; r++)
            {
                for (int k = 0; k < columns; k++)
                    sum += Term(QuantizedBytes.Load(Unsafe.Add(ref x, (r * rowStride) + (k * Channels) + c), _flip));
            }
            Unsafe.Add(ref y, c) = QuantizedBytes.Store(Result(sum, count), _flip);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Vector<float> Term(Vector<float> stored) => (stored - new Vector<float>(_inputShift)) * new Vector<float>(inputScale);

    private float Term(float stored) => (stored - _inputShift) * inputScale;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Vector<int> Result(Vector<float> sum, float count) => QuantizedBytes.Round(
        (sum / new Vector<float>(count) / new Vector<float>(outputScale)) + new Vector<float>(_outputShift),
        new Vector<float>(_min), new Vector<float>(_max));

    private int Result(float sum, float count) =>
        QuantizedBytes.Round((sum / count / outputScale) + _outputShift, _min, _max);
}
