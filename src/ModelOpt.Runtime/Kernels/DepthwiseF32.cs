using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ModelOpt.Runtime.Kernels.Simd;

namespace ModelOpt.Runtime.Kernels;

/// <summary>
/// float32 depthwise convolution, NHWC: lanes run over the channels; each output is the sequential fused multiply-add over
/// (ky, kx) from the bias on. Input 0: activations; output 0: the result.
/// </summary>
internal sealed unsafe class DepthwiseF32 : Kernel
{
    private readonly Window2D _window;
    private readonly int _channels;
    private readonly int _taps;
    private readonly SimdTier _tier;
    private readonly AlignedBuffer<float> _weights;
    private readonly AlignedBuffer<float> _bias;
    private readonly float _low;
    private readonly float _high;

    private DepthwiseF32(
        Window2D window, ReadOnlySpan<float> weights, ReadOnlySpan<float> bias, float low, float high, SimdTier tier)
    {
        _window = window;
        _channels = window.OutputChannels;
        _taps = window.KernelHeight * window.KernelWidth;
        _tier = SimdTiers.Fitting(tier, _channels);
        _low = low;
        _high = high;
        _weights = new AlignedBuffer<float>(_taps * _channels);
        weights.CopyTo(_weights.Span);
        _bias = new AlignedBuffer<float>(_channels);
        bias.CopyTo(_bias.Span);
    }

    public override int ScratchBytes => (_channels * sizeof(float)) + sizeof(long) + (_taps * sizeof(byte*));

    public override int Items => _window.Batch * _window.OutputHeight;

    public override long Work => (long)Items * _window.OutputWidth * _channels * _taps;

    /// <summary>The kernel of a depthwise convolution.</summary>
    /// <param name="window">Shape; OutputChannels is a multiple of InputChannels.</param>
    /// <param name="weights">[KernelHeight, KernelWidth, OutputChannels].</param>
    /// <param name="bias">[OutputChannels], or empty.</param>
    /// <param name="low">Lowest output of the fused activation, or −∞.</param>
    /// <param name="high">Highest output of the fused activation, or +∞.</param>
    /// <param name="tier">Vector width; the widest there is by default.</param>
    public static Kernel Create(
        Window2D window, ReadOnlySpan<float> weights, ReadOnlySpan<float> bias, float low, float high, SimdTier? tier = null)
    {
        if (window.InputChannels == window.OutputChannels)
            return new DepthwiseF32(window, weights, bias, low, high, tier ?? SimdTiers.Best);

        // Several outputs per input channel: one group per input channel of the general convolution.
        int taps = window.KernelHeight * window.KernelWidth, channels = window.OutputChannels;
        var byChannel = new float[weights.Length];
        for (int i = 0; i < weights.Length; i++)
            byChannel[(i % channels * taps) + (i / channels)] = weights[i];
        return new ConvF32(window, window.InputChannels, byChannel, bias, low, high, tier);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Run(in KernelArguments args, int start, int end)
    {
        fixed (float* input = args.Input<float>(0), output = args.Output<float>(0))
        fixed (byte* scratch = args.Scratch<byte>())
        {
            byte** taps = (byte**)scratch;
            float* padding = (float*)(taps + _taps);
            new Span<float>(padding, _channels).Clear();
            for (int item = start; item < end; item++)
            {
                int image = item / _window.OutputHeight, oy = item % _window.OutputHeight;
                float* from = input + ((nint)image * _window.InputHeight * _window.InputWidth * _channels);
                var window = new WindowTaps(
                    _window, (byte*)from, _channels * sizeof(float), (byte*)padding, oy, taps);
                Row(ref window, (float**)taps, output + ((nint)item * _window.OutputWidth * _channels));
            }
        }
    }

    private void Row(ref WindowTaps window, float** taps, float* output)
    {
        switch (_tier)
        {
            case SimdTier.Vector512:
                Row<Lanes512, Vector512<float>>(ref window, taps, output);
                break;
            case SimdTier.Vector256:
                Row<Lanes256, Vector256<float>>(ref window, taps, output);
                break;
            case SimdTier.Vector128:
                Row<Lanes128, Vector128<float>>(ref window, taps, output);
                break;
            default:
                Row<Lanes1, float>(ref window, taps, output);
                break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Row<TLanes, V>(ref WindowTaps window, float** taps, float* output)
        where TLanes : struct, ILanes<V>
        where V : unmanaged
    {
        for (int ox = 0; ox < _window.OutputWidth; ox++, output += _channels)
        {
            window.MoveTo(ox);
            Pixel<TLanes, V>(taps, output);
        }
    }

    /// <summary>One output pixel. The last registers overlap the ones before where the channels do not fill them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Pixel<TLanes, V>(float** taps, float* output)
        where TLanes : struct, ILanes<V>
        where V : unmanaged
    {
        int n = TLanes.Count, c = 0, channels = _channels, count = _taps;
        float* weights = _weights.Pointer, bias = _bias.Pointer;
        V low = TLanes.Create(_low), high = TLanes.Create(_high);
        for (; c <= channels - (2 * n); c += 2 * n)
        {
            V s0 = TLanes.Load(bias + c), s1 = TLanes.Load(bias + c + n);
            float* w = weights + c;
            for (int t = 0; t < count; t++, w += channels)
            {
                float* x = taps[t] + c;
                s0 = TLanes.FusedMultiplyAdd(TLanes.Load(x), TLanes.Load(w), s0);
                s1 = TLanes.FusedMultiplyAdd(TLanes.Load(x + n), TLanes.Load(w + n), s1);
            }

            TLanes.Store(output + c, TLanes.Clamp(s0, low, high));
            TLanes.Store(output + c + n, TLanes.Clamp(s1, low, high));
        }

        for (; c < channels; c += n)
        {
            c = Math.Min(c, channels - n);
            V s = TLanes.Load(bias + c);
            for (int t = 0; t < count; t++)
                s = TLanes.FusedMultiplyAdd(TLanes.Load(taps[t] + c), TLanes.Load(weights + (t * channels) + c), s);
            TLanes.Store(output + c, TLanes.Clamp(s, low, high));
        }
    }
}
