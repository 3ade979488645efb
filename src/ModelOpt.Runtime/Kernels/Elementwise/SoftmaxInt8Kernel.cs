using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using ModelOpt.Runtime.Kernels.Contract;

namespace ModelOpt.Runtime.Kernels.Elementwise;

/// <summary>
/// 8-bit softmax over the last dimension with ONNX Runtime's QLinearSoftmax numerics: a table of exponentials as float32,
/// aligned to the row's maximum; their sum from the first element to the last; y = rint(e·⌊1/s_y⌋ / sum) + z_y, saturated.
/// The table is scaled up by e^shift so that sums use float32's whole range, as there.
/// Input 0: [rows, depth] int8 or uint8; output 0: the same.
/// </summary>
internal sealed class SoftmaxInt8Kernel : Kernel
{
    private readonly int _rows;
    private readonly int _depth;
    private readonly bool _unsigned;
    private readonly float _outputSteps;
    private readonly int _outputZeroPoint;

    // Entry 255 − d: e^(−scale·d + shift), d below the maximum.
    private readonly float[] _table = new float[256];

    // Two elements, as of a detector's boxes: the results follow from their difference.
    private readonly ushort[] _pairs;

    /// <param name="rows">Rows.</param>
    /// <param name="depth">Elements of a row.</param>
    /// <param name="inputScale">Scale of the input, times β.</param>
    /// <param name="outputScale">Scale of the output: 1/256 in TFLite.</param>
    /// <param name="outputZeroPoint">Zero point of the output: −128, or 0 for uint8.</param>
    /// <param name="unsigned">Input and output are uint8 instead of int8.</param>
    public SoftmaxInt8Kernel(int rows, int depth, float inputScale, float outputScale, int outputZeroPoint, bool unsigned)
    {
        _rows = rows;
        _depth = depth;
        _unsigned = unsigned;
        _outputSteps = MathF.Floor(1 / outputScale);
        _outputZeroPoint = outputZeroPoint;
        double shift = Math.Max(0, MathF32.Log(float.MaxValue / depth) - 5.0) / inputScale;
        for (int i = 0; i < _table.Length; i++)
            _table[i] = (float)Exp((i - 255 + shift) * inputScale);
        _pairs = depth == 2 ? CreatePairs() : [];
    }

    public override int Items => _rows;

    public override long Work => 10L * _rows * _depth;

    public override void Run(in KernelArguments args, int start, int end)
    {
        ReadOnlySpan<byte> input = args.Input<byte>(0)[(start * _depth)..(end * _depth)];
        Span<byte> output = args.Output<byte>(0)[(start * _depth)..(end * _depth)];
        if (_depth == 2)
        {
            Pairs(MemoryMarshal.Cast<byte, ushort>(input), MemoryMarshal.Cast<byte, ushort>(output));
            return;
        }
        if (_depth == 4)
        {
            Fours(MemoryMarshal.Cast<byte, uint>(input), MemoryMarshal.Cast<byte, uint>(output));
            return;
        }
        for (int at = 0; at < input.Length; at += _depth)
            Row(input.Slice(at, _depth), output.Slice(at, _depth));
    }

    /// <summary>The results for two elements, as they lie in memory, by the first less the second, from −255 on.</summary>
    private ushort[] CreatePairs()
    {
        var pairs = new ushort[511];
        Span<byte> x = stackalloc byte[2];
        byte flip = (byte)Flip;
        for (int i = 0; i < pairs.Length; i++)
        {
            x[0] = (byte)(Math.Max(0, i - 255) ^ flip);
            x[1] = (byte)(Math.Max(0, 255 - i) ^ flip);
            Row(x, MemoryMarshal.AsBytes(pairs.AsSpan(i, 1)));
        }

        return pairs;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Pairs(ReadOnlySpan<ushort> x, Span<ushort> y)
    {
        ReadOnlySpan<ushort> pairs = _pairs;
        int flip = Flip * 0x0101;
        y = y[..x.Length];
        for (int i = 0; i < x.Length; i++)
        {
            int ordered = x[i] ^ flip, difference = (ordered & 0xff) - (ordered >> 8);
            y[i] = pairs[255 + (BitConverter.IsLittleEndian ? difference : -difference)];
        }
    }

    // With the top bit flipped, int8 is ordered as uint8.
    private int Flip => _unsigned ? 0 : 0x80;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Row(ReadOnlySpan<byte> x, Span<byte> y)
    {
        int flip = Flip, low = _unsigned ? 0 : -128, high = _unsigned ? 255 : 127;
        int max = 0;
        foreach (byte value in x)
            max = Math.Max(max, value ^ flip);
        int align = 255 - max;
        float sum = 0;
        foreach (byte value in x)
            sum += _table[(value ^ flip) + align];
        for (int i = 0; i < x.Length; i++)
        {
            float share = _table[(x[i] ^ flip) + align] * _outputSteps / sum;
            int q = (int)MathF.Round(share, MidpointRounding.ToEven) + _outputZeroPoint;
            y[i] = unchecked((byte)Math.Clamp(q, low, high));
        }
    }

    /// <summary>Rows of four elements, as of classes of pixels, with the bits of <see cref="Row"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Fours(ReadOnlySpan<uint> x, Span<uint> y)
    {
        uint flip = (uint)Flip * 0x01010101;
        ref float table = ref MemoryMarshal.GetArrayDataReference(_table);
        Vector128<float> steps = Vector128.Create(_outputSteps);
        Vector128<int> zero = Vector128.Create(_outputZeroPoint);
        Vector128<int> low = Vector128.Create(_unsigned ? 0 : -128), high = Vector128.Create(_unsigned ? 255 : 127);
        y = y[..x.Length];
        for (int i = 0; i < x.Length; i++)
        {
            uint four = x[i] ^ flip;
            if (!BitConverter.IsLittleEndian)
                four = BinaryPrimitives.ReverseEndianness(four);
            int a = (int)(four & 0xFF), b = (int)((four >> 8) & 0xFF), c = (int)((four >> 16) & 0xFF), d = (int)(four >> 24);
            ref float entries = ref Unsafe.Add(ref table, 255 - Math.Max(Math.Max(a, b), Math.Max(c, d)));
            float e = Unsafe.Add(ref entries, a), f = Unsafe.Add(ref entries, b);
            float g = Unsafe.Add(ref entries, c), h = Unsafe.Add(ref entries, d);
            Vector128<float> shares = Vector128.Create(e, f, g, h) * steps / Vector128.Create(e + f + g + h);
            Vector128<int> q = Vector128.ConvertToInt32(Vector128.Round(shares)) + zero;
            q = Vector128.Min(Vector128.Max(q, low), high);
            Vector128<short> words = Vector128.Narrow(q, q);
            uint result = Vector128.Narrow(words, words).AsUInt32()[0];
            y[i] = result;
        }
    }

    /// <summary>
    /// e^x for x ≤ 709 in double precision, the same on every machine: 2^n·e^r by the Taylor series of degree 13, whose
    /// remainder at |r| ≤ ln 2 / 2 is below 2^-56. Zero below −700, which float32 does not reach.
    /// </summary>
    private static double Exp(double x)
    {
        if (x < -700)
            return 0;
        double n = Math.Round(x * 1.4426950408889634, MidpointRounding.ToEven);
        double r = Math.FusedMultiplyAdd(n, -0.6931471805599453, x);
        r = Math.FusedMultiplyAdd(n, -2.3190468138462996e-17, r);
        double sum = 1;
        for (int i = 13; i >= 1; i--)
            sum = Math.FusedMultiplyAdd(sum, r / i, 1);
        return sum * BitConverter.Int64BitsToDouble(((long)n + 1023) << 52);
    }
}
