using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using ModelOpt.Runtime.Simd;

namespace ModelOpt.Runtime.Kernels;

/// <summary>
/// From int32 sums to 8-bit outputs, per output channel: y = clamp(rint((float)sum · m), min − z, max − z) + z with
/// m = (s_x·s_w)/s_y in float32, ties to even. ONNX Runtime's QLinearConv computes the same. The clamp comes first, as it
/// commutes with rounding and keeps the value where adding 1.5·2^23 rounds.
/// </summary>
internal sealed unsafe class Requantizer
{
    private readonly AlignedBuffer<float> _multipliers;
    private readonly AlignedBuffer<int> _starts;
    private readonly SimdTier _tier;
    private readonly float _low;
    private readonly float _high;
    private readonly int _zeroPoint;
    private readonly bool _isFinite;

    /// <param name="quantization">Scales, output zero point and clamp.</param>
    /// <param name="bias">[groups·outputs], or empty.</param>
    /// <param name="groups">Groups of output channels.</param>
    /// <param name="outputs">Output channels of a group.</param>
    /// <param name="stride">Room for a group's channels: whole panels, so that tiles may be read beyond the last channel.</param>
    /// <param name="tier">Vector width.</param>
    public Requantizer(
        LayerQuantization quantization, ReadOnlySpan<int> bias, int groups, int outputs, int stride, SimdTier tier)
    {
        _tier = tier;
        _zeroPoint = quantization.OutputZeroPoint;
        _isFinite = true;
        _low = quantization.OutputMin - _zeroPoint;
        _high = quantization.OutputMax - _zeroPoint;
        _multipliers = new AlignedBuffer<float>(groups * stride);
        _starts = new AlignedBuffer<int>(groups * stride);
        for (int channel = 0; channel < groups * outputs; channel++)
        {
            int at = (channel / outputs * stride) + (channel % outputs);
            _multipliers.Pointer[at] = quantization.Multiplier(channel);
            _isFinite &= float.IsFinite(_multipliers.Pointer[at]);
            _starts.Pointer[at] = bias.IsEmpty ? 0 : bias[channel];
        }
    }

    /// <summary>Where the sums of each channel start: the biases, in the same padded order as the multipliers.</summary>
    public int* Starts => _starts.Pointer;

    /// <summary>
    /// output[i·outputStride + j] from sums[i·sumStride + j], i &lt; rows, j &lt; columns, channel <paramref name="first"/> + j of
    /// the padded order. Writes no byte beyond the columns.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Apply(int* sums, nint sumStride, int first, byte* output, nint outputStride, int rows, int columns)
    {
        switch (_tier)
        {
            case SimdTier.Vector512:
                Apply<Lanes512, Vector512<float>>(sums, sumStride, first, output, outputStride, rows, columns);
                break;
            case SimdTier.Vector256:
                Apply<Lanes256, Vector256<float>>(sums, sumStride, first, output, outputStride, rows, columns);
                break;
            case SimdTier.Vector128 when AdvSimd.Arm64.IsSupported && _isFinite && columns >= 8:
                ApplyArm(sums, sumStride, first, output, outputStride, rows, columns);
                break;
            case SimdTier.Vector128:
                Apply<Lanes128, Vector128<float>>(sums, sumStride, first, output, outputStride, rows, columns);
                break;
            default:
                Apply<Lanes1, float>(sums, sumStride, first, output, outputStride, rows, columns);
                break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Apply<TLanes, V>(
        int* sums, nint sumStride, int first, byte* output, nint outputStride, int rows, int columns)
        where TLanes : struct, ILanes<V>
        where V : unmanaged
    {
        V low = TLanes.Create(_low), high = TLanes.Create(_high);
        byte* rest = stackalloc byte[64];
        int j = 0;
        for (; j <= columns - TLanes.Count; j += TLanes.Count)
        {
            V multiplier = TLanes.Load(_multipliers.Pointer + first + j);
            for (int i = 0; i < rows; i++)
            {
                V value = TLanes.Multiply(TLanes.LoadInt32(sums + (i * sumStride) + j), multiplier);
                TLanes.StoreByte(output + (i * outputStride) + j, TLanes.Clamp(value, low, high), _zeroPoint);
            }
        }

        if (j == columns)
            return;
        V last = TLanes.Load(_multipliers.Pointer + first + j);
        for (int i = 0; i < rows; i++)
        {
            V value = TLanes.Multiply(TLanes.LoadInt32(sums + (i * sumStride) + j), last);
            TLanes.StoreByte(rest, TLanes.Clamp(value, low, high), _zeroPoint);
            Unsafe.CopyBlockUnaligned(output + (i * outputStride) + j, rest, (uint)(columns - j));
        }
    }

    /// <summary>
    /// Eight columns at a time; the last eight overlap those before. Rounding comes first here, saturates, and is clamped as integers:
    /// the same for numbers.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void ApplyArm(int* sums, nint sumStride, int first, byte* output, nint outputStride, int rows, int columns)
    {
        Vector128<short> zero = Vector128.Create((short)_zeroPoint);
        Vector128<short> low = Vector128.Create((short)(_low + _zeroPoint)), high = Vector128.Create((short)(_high + _zeroPoint));
        for (int j = 0; j < columns; j += 8)
        {
            j = Math.Min(j, columns - 8);
            float* multipliers = _multipliers.Pointer + first + j;
            Vector128<float> left = Vector128.Load(multipliers), right = Vector128.Load(multipliers + 4);
            int* from = sums + j;
            byte* to = output + j;
            for (int i = 0; i < rows; i++, from += sumStride, to += outputStride)
            {
                Vector128<float> a = AdvSimd.ConvertToSingle(Vector128.Load(from)) * left;
                Vector128<float> b = AdvSimd.ConvertToSingle(Vector128.Load(from + 4)) * right;
                Vector64<short> lower = AdvSimd.ExtractNarrowingSaturateLower(AdvSimd.ConvertToInt32RoundToEven(a));
                Vector128<short> both = AdvSimd.ExtractNarrowingSaturateUpper(lower, AdvSimd.ConvertToInt32RoundToEven(b));
                both = AdvSimd.Min(AdvSimd.Max(AdvSimd.AddSaturate(both, zero), low), high);
                AdvSimd.ExtractNarrowingLower(both).AsByte().Store(to);
            }
        }
    }
}
