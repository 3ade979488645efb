using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ModelOpt.Runtime.Kernels.Simd;
using ModelOpt.Runtime.Threading;

namespace ModelOpt.Runtime.Kernels;

/// <summary>
/// float32 depthwise convolution in ONNX's layout; one part per image and output channel, a plane in, a plane out.
/// <para>
/// The input plane is copied with its padding, split into the phases of the strides: input (oy·s + d, ox·s + e) is element
/// (oy + d / s, ox + e / s) of phase (d mod s, e mod s). In a phase all taps are plain offsets, and the rows, of one common
/// pitch, are computed as a single run; what falls between the end of a row and the pitch is computed for nothing.
/// </para>
/// </summary>
internal sealed unsafe class DepthwisePlaneF32 : IParallelJob
{
    // Vectors of the last step may reach this far beyond a phase or the result.
    private const int Slack = 64;

    private readonly SimdTier _tier;
    private readonly Window2D _window;
    private readonly int _multiplier;
    private readonly float* _input;
    private readonly float* _weights;
    private readonly float* _bias;
    private readonly float* _output;
    private readonly int _phasesDown;
    private readonly int _phasesAcross;
    private readonly int _pitch;
    private readonly int _phaseRows;
    private readonly int _phaseLength;
    private readonly int _run;

    /// <param name="tier">Vector width.</param>
    /// <param name="window">Shape of the operation.</param>
    /// <param name="input">[N, C, H, W].</param>
    /// <param name="weights">[M, KH, KW].</param>
    /// <param name="bias">[M], or null.</param>
    /// <param name="output">[N, M, OH, OW].</param>
    public DepthwisePlaneF32(SimdTier tier, in Window2D window, float* input, float* weights, float* bias, float* output)
    {
        _tier = tier;
        _window = window;
        _multiplier = window.OutputChannels / window.InputChannels;
        _input = input;
        _weights = weights;
        _bias = bias;
        _output = output;
        _phasesDown = Math.Min(window.StrideHeight, ((window.KernelHeight - 1) * window.DilationHeight) + 1);
        _phasesAcross = Math.Min(window.StrideWidth, ((window.KernelWidth - 1) * window.DilationWidth) + 1);
        _pitch = window.OutputWidth + ((window.KernelWidth - 1) * window.DilationWidth / window.StrideWidth);
        _phaseRows = window.OutputHeight + ((window.KernelHeight - 1) * window.DilationHeight / window.StrideHeight);
        _phaseLength = checked((_pitch * _phaseRows) + Slack);
        _run = ((window.OutputHeight - 1) * _pitch) + window.OutputWidth;
    }

    /// <summary>Images times output channels.</summary>
    public int Parts => _window.Batch * _window.OutputChannels;

    /// <inheritdoc/>
    public void Execute(int part)
    {
        int channel = part % _window.OutputChannels, taps = _window.KernelHeight * _window.KernelWidth;
        int phases = _phasesDown * _phasesAcross;
        float[] buffer = ArrayPool<float>.Shared.Rent(checked((phases * _phaseLength) + _run + Slack));
        fixed (float* memory = buffer)
        {
            float* result = memory + ((nint)phases * _phaseLength);
            Split(_input + ((nint)(part / _multiplier) * _window.InputHeight * _window.InputWidth), memory);
            float start = _bias == null ? 0 : _bias[channel];
            float* weights = _weights + ((nint)channel * taps);
            switch (_tier)
            {
                case SimdTier.Vector512:
                    Sum<Lanes512, Vector512<float>>(memory, weights, start, result);
                    break;
                case SimdTier.Vector256:
                    Sum<Lanes256, Vector256<float>>(memory, weights, start, result);
                    break;
                case SimdTier.Vector128:
                    Sum<Lanes128, Vector128<float>>(memory, weights, start, result);
                    break;
                default:
                    Sum<Lanes1, float>(memory, weights, start, result);
                    break;
            }

            int width = _window.OutputWidth;
            float* target = _output + ((nint)part * _window.OutputHeight * width);
            for (int oy = 0; oy < _window.OutputHeight; oy++)
                new Span<float>(result + (oy * _pitch), width).CopyTo(new Span<float>(target + ((nint)oy * width), width));
        }

        ArrayPool<float>.Shared.Return(buffer);
    }

    /// <summary>Row r, column c of phase (py, px) is input (r·s + py − pad, c·s + px − pad), zero outside.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Split(float* plane, float* phases)
    {
        Window2D w = _window;
        for (int py = 0; py < _phasesDown; py++)
        {
            for (int px = 0; px < _phasesAcross; px++, phases += _phaseLength)
            {
                new Span<float>(phases, _phaseLength).Clear();
                int first = px - w.PadLeft, stride = w.StrideWidth;
                int begin = first >= 0 ? 0 : Math.Min(_pitch, (-first + stride - 1) / stride);
                int end = first >= w.InputWidth ? begin : Math.Clamp(((w.InputWidth - 1 - first) / stride) + 1, begin, _pitch);
                for (int r = 0; r < _phaseRows; r++)
                {
                    int iy = (r * w.StrideHeight) + py - w.PadTop;
                    if ((uint)iy >= (uint)w.InputHeight)
                        continue;
                    float* from = plane + ((nint)iy * w.InputWidth) + first;
                    float* to = phases + (r * _pitch);
                    if (stride == 1)
                    {
                        new Span<float>(from + begin, end - begin).CopyTo(new Span<float>(to + begin, end - begin));
                        continue;
                    }

                    for (int c = begin; c < end; c++)
                        to[c] = from[c * stride];
                }
            }
        }
    }

    /// <summary>result[q] = start + Σ over the taps of weight·phase[q + offset], one fused multiply-add after the other.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Sum<TLanes, V>(float* phases, float* weights, float start, float* result)
        where TLanes : struct, ILanes<V>
        where V : unmanaged
    {
        Window2D w = _window;
        int n = TLanes.Count;
        V initial = TLanes.Create(start);
        for (int q = 0; q < _run; q += 4 * n)
        {
            V s0 = initial, s1 = initial, s2 = initial, s3 = initial;
            float* f = weights;
            for (int ky = 0; ky < w.KernelHeight; ky++)
            {
                int dy = ky * w.DilationHeight;
                nint row = ((nint)(dy % w.StrideHeight) * _phasesAcross * _phaseLength) + (dy / w.StrideHeight * _pitch) + q;
                for (int kx = 0; kx < w.KernelWidth; kx++)
                {
                    int dx = kx * w.DilationWidth;
                    float* x = phases + row + ((nint)(dx % w.StrideWidth) * _phaseLength) + (dx / w.StrideWidth);
                    V factor = TLanes.Create(*f++);
                    s0 = TLanes.FusedMultiplyAdd(TLanes.Load(x), factor, s0);
                    s1 = TLanes.FusedMultiplyAdd(TLanes.Load(x + n), factor, s1);
                    s2 = TLanes.FusedMultiplyAdd(TLanes.Load(x + (2 * n)), factor, s2);
                    s3 = TLanes.FusedMultiplyAdd(TLanes.Load(x + (3 * n)), factor, s3);
                }
            }

            TLanes.Store(result + q, s0);
            TLanes.Store(result + q + n, s1);
            TLanes.Store(result + q + (2 * n), s2);
            TLanes.Store(result + q + (3 * n), s3);
        }
    }
}
