using System.Numerics;
using System.Runtime.CompilerServices;
using ModelOpt.Runtime.Kernels.Contract;

namespace ModelOpt.Runtime.Kernels.Pooling;

/// <summary>
/// Mean of 8-bit pixels, as ONNX Runtime's QLinearAveragePool computes it: dequantized values are summed in float32, divided
/// by the count and quantized, with z_y added before rounding.
/// </summary>
internal sealed class AveragePoolInt8Kernel(
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
