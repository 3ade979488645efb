using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Simd;

namespace ModelOpt.Runtime.Kernels.Reduction;

/// <summary>
/// Sum or mean of 8-bit values over the middle of [outer, count, inner]: rint(Σ(q − z_x)·m) + z_y with m = s_x/(s_y·count) for
/// the mean (s_x/s_y for the sum), the integer sum exact. ONNX Runtime's QLinearGlobalAveragePool computes the same.
/// Input 0: the values; output 0: [outer, inner].
/// </summary>
internal sealed unsafe class AxisSumInt8Kernel : Kernel
{
    // Registers that sum at once, so that additions overlap.
    private const int Registers = 4;

    private const int MaxLanes = 16;

    private readonly int _outer;
    private readonly int _count;
    private readonly int _inner;
    private readonly int _rowLength;
    private readonly int _start;
    private readonly float _multiplier;
    private readonly float _low;
    private readonly float _high;
    private readonly int _outputZero;
    private readonly bool _unsigned;
    private readonly SimdTier _tier;

    /// <param name="outer">Independent sums.</param>
    /// <param name="count">Values summed; at most 2^23, whose sum int32 holds.</param>
    /// <param name="inner">Neighbouring sums, such as channels.</param>
    /// <param name="mean">Divide by the count.</param>
    /// <param name="input">Quantization of the values, in the element type's own range.</param>
    /// <param name="output">Quantization of the sums.</param>
    /// <param name="min">Lowest output.</param>
    /// <param name="max">Highest output.</param>
    /// <param name="unsigned">The values are uint8.</param>
    /// <param name="tier">Vector width.</param>
    public AxisSumInt8Kernel(
        int outer, int count, int inner, bool mean, (float Scale, int Zero) input, (float Scale, int Zero) output, int min, int max,
        bool unsigned, SimdTier tier)
    {
        (_outer, _count, _inner) = (outer, count, inner);

        // Few neighbours, or an odd number of them, leave registers unfilled; then several rows are summed side by side first.
        int lanes = SimdTiers.Lanes(tier), rows = ((Registers * lanes) + inner - 1) / inner;
        while (inner * rows % lanes != 0)
            rows++;
        _rowLength = inner * Math.Min(rows, count);
        _start = -input.Zero * count;
        _multiplier = input.Scale / (output.Scale * (mean ? count : 1));
        _low = min - output.Zero;
        _high = max - output.Zero;
        _outputZero = output.Zero;
        _unsigned = unsigned;
        _tier = tier;
    }

    public override int Items => _outer;

    public override int ScratchBytes => (_rowLength + MaxLanes) * sizeof(int);

    public override long Work => (long)_outer * _count * _inner;

    public override void Run(in KernelArguments args, int start, int end)
    {
        fixed (byte* input = args.Input<byte>(0), output = args.Output<byte>(0))
        fixed (int* sums = args.Scratch<int>())
        {
            for (int item = start; item < end; item++)
            {
                byte* x = input + ((nint)item * _count * _inner), y = output + ((nint)item * _inner);
                switch (_tier)
                {
                    case SimdTier.Vector512:
                        Sum<IntLanes512, Vector512<int>>(x, sums);
                        Requantize<Lanes512, Vector512<float>>(sums, y);
                        break;
                    case SimdTier.Vector256:
                        Sum<IntLanes256, Vector256<int>>(x, sums);
                        Requantize<Lanes256, Vector256<float>>(sums, y);
                        break;
                    case SimdTier.Vector128:
                        Sum<IntLanes128, Vector128<int>>(x, sums);
                        Requantize<Lanes128, Vector128<float>>(sums, y);
                        break;
                    default:
                        Sum<IntLanes1, int>(x, sums);
                        Requantize<Lanes1, float>(sums, y);
                        break;
                }
            }
        }
    }

    private void Sum<TLanes, V>(byte* x, int* sums)
        where TLanes : struct, IIntLanes<V>
        where V : unmanaged
    {
        int length = _rowLength, total = _count * _inner, rows = total / length, lanes = TLanes.Count, j = 0;
        bool unsigned = _unsigned;
        for (; j <= length - (Registers * lanes); j += Registers * lanes)
        {
            V s0 = TLanes.Create(0), s1 = s0, s2 = s0, s3 = s0;
            byte* from = x + j;
            for (int row = 0; row < rows; row++, from += length)
            {
                s0 = TLanes.Add(s0, unsigned ? TLanes.LoadByte(from) : TLanes.LoadSByte(from));
                s1 = TLanes.Add(s1, unsigned ? TLanes.LoadByte(from + lanes) : TLanes.LoadSByte(from + lanes));
                s2 = TLanes.Add(s2, unsigned ? TLanes.LoadByte(from + (2 * lanes)) : TLanes.LoadSByte(from + (2 * lanes)));
                s3 = TLanes.Add(s3, unsigned ? TLanes.LoadByte(from + (3 * lanes)) : TLanes.LoadSByte(from + (3 * lanes)));
            }
            TLanes.Store(sums + j, s0);
            TLanes.Store(sums + j + lanes, s1);
            TLanes.Store(sums + j + (2 * lanes), s2);
            TLanes.Store(sums + j + (3 * lanes), s3);
        }
        for (; j <= length - lanes; j += lanes)
        {
            V sum = TLanes.Create(0);
            for (int row = 0; row < rows; row++)
                sum = TLanes.Add(sum, unsigned ? TLanes.LoadByte(x + (row * length) + j) : TLanes.LoadSByte(x + (row * length) + j));
            TLanes.Store(sums + j, sum);
        }
        for (; j < length; j++)
        {
            int sum = 0;
            for (int row = 0; row < rows; row++)
                sum += Value(x[(row * length) + j]);
            sums[j] = sum;
        }

        // Adds the rest that is less than a row, then the parts of the row onto the first.
        for (int i = rows * length, k = 0; i < total; i++, k++)
            sums[k] += Value(x[i]);
        for (int i = _inner, k = 0; i < length; i++)
        {
            sums[k] += sums[i];
            if (++k == _inner)
                k = 0;
        }
        for (int i = 0; i < _inner; i++)
            sums[i] += _start;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int Value(byte stored) => _unsigned ? stored : (sbyte)stored;

    private void Requantize<TLanes, V>(int* sums, byte* y)
        where TLanes : struct, ILanes<V>
        where V : unmanaged
    {
        V low = TLanes.Create(_low), high = TLanes.Create(_high), multiplier = TLanes.Create(_multiplier);
        byte* rest = stackalloc byte[MaxLanes];
        for (int i = 0; i < _inner; i += TLanes.Count)
        {
            V value = TLanes.Clamp(TLanes.Multiply(TLanes.LoadInt32(sums + i), multiplier), low, high);
            int left = _inner - i;
            TLanes.StoreByte(left >= TLanes.Count ? y + i : rest, value, _outputZero);
            if (left < TLanes.Count)
                Unsafe.CopyBlockUnaligned(y + i, rest, (uint)left);
        }
    }
}
