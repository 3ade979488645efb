using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Simd;
using ModelOpt.Runtime.Threading;

namespace ModelOpt.Compiler.Kernels;

/// <summary>
/// float32 depthwise convolution in ONNX's layout with several outputs for each input channel, laid out as <see cref="PaddedPlanes"/>;
/// one part per image and output
/// channel, a plane in, a plane out.
/// </summary>
internal sealed unsafe class DepthwisePlaneF32 : IParallelJob
{
    private readonly SimdTier _tier;
    private readonly Window2D _window;
    private readonly PaddedPlanes _planes;
    private readonly int _multiplier;
    private readonly int[] _offsets;
    private readonly float* _input;
    private readonly float* _weights;
    private readonly float* _bias;
    private readonly float* _output;

    /// <param name="input">[N, C, H, W].</param>
    /// <param name="weights">[M, KH, KW].</param>
    /// <param name="bias">[M], or null.</param>
    /// <param name="output">[N, M, OH, OW].</param>
    public DepthwisePlaneF32(SimdTier tier, in Window2D window, float* input, float* weights, float* bias, float* output)
    {
        _tier = tier;
        _window = window;
        _planes = new PaddedPlanes(window);
        _offsets = new int[window.KernelHeight * window.KernelWidth];
        for (int tap = 0; tap < _offsets.Length; tap++)
            _offsets[tap] = _planes.Offset(tap / window.KernelWidth, tap % window.KernelWidth);
        _multiplier = window.OutputChannels / window.InputChannels;
        _input = input;
        _weights = weights;
        _bias = bias;
        _output = output;
    }

    /// <summary>Images times output channels.</summary>
    public int Parts => _window.Batch * _window.OutputChannels;

    public void Execute(int part)
    {
        int channel = part % _window.OutputChannels, taps = _window.KernelHeight * _window.KernelWidth;
        float[] buffer = ArrayPool<float>.Shared.Rent(checked(_planes.PlaneLength + _planes.Run + PaddedPlanes.Slack));
        fixed (float* memory = buffer)
        {
            float* result = memory + _planes.PlaneLength;
            _planes.Split(_input + ((nint)(part / _multiplier) * _window.InputHeight * _window.InputWidth), memory);
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

            _planes.Join(result, _output + ((nint)part * _window.OutputHeight * _window.OutputWidth));
        }

        ArrayPool<float>.Shared.Return(buffer);
    }

    /// <summary>result[q] = start + Σ over the taps of weight·phase[q + offset], one fused multiply-add after the other.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Sum<TLanes, V>(float* phases, float* weights, float start, float* result)
        where TLanes : struct, ILanes<V>
        where V : unmanaged
    {
        int n = TLanes.Count;
        int[] offsets = _offsets;
        V initial = TLanes.Create(start);
        for (int q = 0; q < _planes.Run; q += 4 * n)
        {
            V s0 = initial, s1 = initial, s2 = initial, s3 = initial;
            for (int tap = 0; tap < offsets.Length; tap++)
            {
                float* x = phases + offsets[tap] + q;
                V factor = TLanes.Create(weights[tap]);
                s0 = TLanes.FusedMultiplyAdd(TLanes.Load(x), factor, s0);
                s1 = TLanes.FusedMultiplyAdd(TLanes.Load(x + n), factor, s1);
                s2 = TLanes.FusedMultiplyAdd(TLanes.Load(x + (2 * n)), factor, s2);
                s3 = TLanes.FusedMultiplyAdd(TLanes.Load(x + (3 * n)), factor, s3);
            }

            TLanes.Store(result + q, s0);
            TLanes.Store(result + q + n, s1);
            TLanes.Store(result + q + (2 * n), s2);
            TLanes.Store(result + q + (3 * n), s3);
        }
    }
}
