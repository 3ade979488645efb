namespace ModelOpt.Runtime.Kernels;

/// <summary>e^(β(x − max)) / sum over the last dimension, the sum taken in order.</summary>
internal sealed class SoftmaxF32Kernel(int rows, int length, float beta) : Kernel
{
    public override int Items => rows;

    public override long Work => 16L * rows * length;

    public override void Run(in KernelArguments args, int start, int end)
    {
        for (int row = start; row < end; row++)
        {
            ReadOnlySpan<float> x = args.Input<float>(0).Slice(row * length, length);
            Span<float> y = args.Output<float>(0).Slice(row * length, length);
            float max = float.NegativeInfinity;
            foreach (float value in x)
                max = MathF.Max(max, value);
            for (int i = 0; i < x.Length; i++)
                y[i] = (x[i] - max) * beta;
            MathF32.Exp(y, y);
            float sum = 0;
            foreach (float value in y)
                sum += value;
            for (int i = 0; i < y.Length; i++)
                y[i] /= sum;
        }
    }
}

/// <summary>
/// Softmax of 8-bit rows by a table of exponentials, as ONNX Runtime's QLinearSoftmax: terms of e^(s·(q − max)), scaled so
/// that their sum stays finite, summed in order in float32; rint(term·(1/s_y)/sum) + z.
/// </summary>
internal sealed class SoftmaxQ8Kernel : Kernel
{
    private readonly int _rows;
    private readonly int _length;
    private readonly float[] _table;
    private readonly float _levels;
    private readonly int _zeroPoint;
    private readonly bool _unsigned;

    public SoftmaxQ8Kernel(int rows, int length, float inputScale, float outputScale, int zeroPoint, bool unsigned)
    {
        (_rows, _length, _zeroPoint, _unsigned) = (rows, length, zeroPoint, unsigned);
        _levels = MathF.Floor(1 / outputScale);
        _table = new float[256];
        double headroom = Math.Max(0, Math.Log(float.MaxValue / Math.Max(length, 1)) - 5) / inputScale;
        for (int i = 0; i < _table.Length; i++)
            _table[i] = (float)Math.Exp((i - 255 + headroom) * inputScale);
    }

    public override int Items => _rows;

    public override long Work => 8L * _rows * _length;

    public override void Run(in KernelArguments args, int start, int end)
    {
        int flip = _unsigned ? 0 : 0x80;
        int low = _unsigned ? 0 : sbyte.MinValue, high = _unsigned ? byte.MaxValue : sbyte.MaxValue;
        for (int row = start; row < end; row++)
        {
            ReadOnlySpan<byte> x = args.Input<byte>(0).Slice(row * _length, _length);
            Span<byte> y = args.Output<byte>(0).Slice(row * _length, _length);
            int max = 0;
            foreach (byte value in x)
                max = Math.Max(max, value ^ flip);
            int shift = 255 - max;
            float sum = 0;
            foreach (byte value in x)
                sum += _table[(value ^ flip) + shift];
            for (int i = 0; i < x.Length; i++)
            {
                float level = MathF.Round(_table[(x[i] ^ flip) + shift] * _levels / sum);
                y[i] = (byte)Math.Clamp((int)level + _zeroPoint, low, high);
            }
        }
    }
}
