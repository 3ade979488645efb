using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Simd;

namespace ModelOpt.Runtime.Kernels.Elementwise;

/// <summary>
/// <see cref="QuantizedMultiply"/> of pixels by one factor for each channel, as in squeeze-and-excitation:
/// rint((a − z_a)(b − z_b)·(s_a·s_b/s_c) + z_c), saturated. The factors b − z_b are computed once; the product with them is exact
/// in float32 also as a·(b − z_b) − z_a·(b − z_b). Input 0: [pixels, channels]; input 1: [channels]; output 0: [pixels, channels].
/// </summary>
/// <param name="pixels">Rows.</param>
/// <param name="channels">Their length.</param>
/// <param name="quantization">Zero points in int8's range.</param>
/// <param name="flip">0x80 for uint8.</param>
/// <param name="tier">Vector width.</param>
/// <param name="featuresAt">Which input is the pixels; the other holds the factors.</param>
internal sealed unsafe class ScaleChannelsInt8Kernel(
    int pixels, int channels, BinaryQuantization quantization, byte flip, SimdTier tier, int featuresAt) : Kernel
{
    private const int ItemLength = 4096;
    private const int MaxLanes = 16;

    // Rows side by side until they fill whole registers, and a register more for one that starts anywhere.
    private readonly int _rows = Rows(pixels, channels, SimdTiers.Lanes(tier));

    private readonly float _scale = quantization.LeftScale * quantization.RightScale / quantization.OutputScale;

    private int RowLength => _rows * channels;

    private int TableLength => RowLength + MaxLanes;

    private int ItemRows => Math.Max(1, ItemLength / RowLength) * _rows;

    public override int Items => (pixels + ItemRows - 1) / ItemRows;

    public override int ScratchBytes => 2 * TableLength * sizeof(float);

    public override long Work => (long)pixels * channels;

    /// <summary>Whether sums stay where they are rounded exactly.</summary>
    public static bool Fits(BinaryQuantization quantization) =>
        MathF.Abs(quantization.LeftScale * quantization.RightScale / quantization.OutputScale) < 1 << 14;

    public override void Run(in KernelArguments args, int start, int end)
    {
        Span<float> tables = args.Scratch<float>()[..(2 * TableLength)];
        Fill(args.Input<byte>(1 - featuresAt), tables[..TableLength], tables[TableLength..]);
        int first = start * ItemRows * channels, length = (Math.Min(pixels, end * ItemRows) * channels) - first;
        fixed (byte* x = args.Input<byte>(featuresAt), y = args.Output<byte>(0))
        fixed (float* factors = tables)
        {
            switch (tier)
            {
                case SimdTier.Vector512:
                    Run<Lanes512, Vector512<float>>(x + first, factors, y + first, length);
                    break;
                case SimdTier.Vector256:
                    Run<Lanes256, Vector256<float>>(x + first, factors, y + first, length);
                    break;
                case SimdTier.Vector128:
                    Run<Lanes128, Vector128<float>>(x + first, factors, y + first, length);
                    break;
                default:
                    Run<Lanes1, float>(x + first, factors, y + first, length);
                    break;
            }
        }
    }

    // Factors and offsets for values that are 128 above int8.
    private void Fill(ReadOnlySpan<byte> b, Span<float> factors, Span<float> offsets)
    {
        (int featureZero, int factorZero) = featuresAt == 0
            ? (quantization.LeftZero, quantization.RightZero)
            : (quantization.RightZero, quantization.LeftZero);
        for (int i = 0; i < channels; i++)
        {
            factors[i] = (sbyte)(b[i] ^ flip) - factorZero;
            offsets[i] = -(featureZero + 128) * factors[i];
        }

        Repeat(factors);
        Repeat(offsets);
    }

    private void Repeat(Span<float> table)
    {
        for (int filled = channels; filled < table.Length; filled *= 2)
            table[..Math.Min(filled, table.Length - filled)].CopyTo(table[filled..]);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Run<TLanes, V>(byte* x, float* factors, byte* y, int length)
        where TLanes : struct, ILanes<V>
        where V : unmanaged
    {
        Vector128<byte> toInt8 = Vector128.Create(flip), toUInt8 = Vector128.Create((byte)(flip ^ 0x80));
        V scale = TLanes.Create(_scale), zero = TLanes.Create(quantization.OutputZero);
        int rowLength = RowLength, tableLength = TableLength;
        int i = 0;
        while (i <= length - TLanes.Count)
        {
            int end = Math.Min(length - TLanes.Count + 1, i + rowLength);
            for (float* factor = factors; i < end; i += TLanes.Count, factor += TLanes.Count)
            {
                V value = TLanes.LoadByte(x + i, toUInt8);
                V product = TLanes.FusedMultiplyAdd(value, TLanes.Load(factor), TLanes.Load(factor + tableLength));
                TLanes.StoreSByte(y + i, TLanes.Add(TLanes.Multiply(product, scale), zero), toInt8);
            }
        }

        for (; i < length; i++)
        {
            float product = Lanes1.LoadByte(x + i, toUInt8) * factors[i % rowLength];
            Lanes1.StoreSByte(y + i, ((product + factors[tableLength + (i % rowLength)]) * _scale) + quantization.OutputZero, toInt8);
        }
    }

    private static int Rows(int pixels, int channels, int lanes)
    {
        int rows = 1;
        while (rows * channels % lanes != 0)
            rows++;
        return Math.Max(1, Math.Min(rows, pixels));
    }
}
