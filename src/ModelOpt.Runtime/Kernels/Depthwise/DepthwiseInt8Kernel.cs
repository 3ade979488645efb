using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Kernels.Convolution;
using ModelOpt.Runtime.Simd;

namespace ModelOpt.Runtime.Kernels.Depthwise;

/// <summary>
/// 8-bit depthwise convolution, NHWC: lanes run over the channels, each lane sums the taps of its channel in int32. The
/// activations' zero point z is folded into the start, bias − z·Σw, with the padding filled with z.
/// Input 0: activations; output 0: the result.
/// </summary>
internal sealed unsafe partial class DepthwiseInt8Kernel : Kernel
{
    // Sums of this many channels wait for their requantization in the first-level cache.
    private const int ChunkSums = 4096;

    private readonly Window2D _window;
    private readonly int _channels;
    private readonly int _taps;
    private readonly int _pixelsPerChunk;
    private readonly bool _unsigned;
    private readonly byte _padding;
    private readonly SimdTier _tier;
    private readonly AlignedBuffer<int> _weights;
    private readonly Requantizer _requantizer;

    private DepthwiseInt8Kernel(
        Window2D window, LayerQuantization quantization, ReadOnlySpan<byte> weights, ReadOnlySpan<int> bias, bool unsigned,
        SimdTier tier)
    {
        _window = window;
        _channels = window.OutputChannels;
        _taps = window.KernelHeight * window.KernelWidth;
        _pixelsPerChunk = Math.Clamp(ChunkSums / _channels, 1, Math.Max(1, window.OutputWidth));
        _unsigned = unsigned;
        _padding = unchecked((byte)quantization.InputZeroPoint);
        _weights = new AlignedBuffer<int>(_taps * _channels);
        var starts = new int[_channels];
        if (!bias.IsEmpty)
            bias.CopyTo(starts);
        for (int i = 0; i < weights.Length; i++)
        {
            int weight = (unsigned ? weights[i] : (sbyte)weights[i]) - quantization.WeightZeroPoint;
            _weights.Pointer[i] = weight;
            starts[i % _channels] -= quantization.InputZeroPoint * weight;
        }

        if (AdvSimd.Arm64.IsSupported && tier == SimdTier.Vector128 && _channels >= 8)
            _narrowWeights = NarrowWeights();
        _requantizer = new Requantizer(quantization, starts, 1, _channels, _channels + 16, tier);
        _tier = SimdTiers.Fitting(tier, _channels);
    }

    public override int ScratchBytes =>
        (_pixelsPerChunk * _channels * sizeof(int)) + (_taps * sizeof(byte*)) + _channels + 64;

    public override int Items => _window.Batch * _window.OutputHeight;

    public override long Work => (long)Items * _window.OutputWidth * _channels * _taps;

    /// <summary>The kernel of a depthwise convolution.</summary>
    /// <param name="window">Shape; OutputChannels is a multiple of InputChannels.</param>
    /// <param name="quantization">Scales, zero points, output clamp.</param>
    /// <param name="weights">[KernelHeight, KernelWidth, OutputChannels], of the activations' type.</param>
    /// <param name="bias">[OutputChannels] at scale s_x·s_w, or empty.</param>
    /// <param name="unsigned">Activations, weights and output are uint8 instead of int8.</param>
    /// <param name="code">Receives assembled functions; null where there shall be none.</param>
    /// <param name="tier">Vector width; the widest there is by default.</param>
    public static Kernel Create(
        Window2D window, LayerQuantization quantization, ReadOnlySpan<byte> weights, ReadOnlySpan<int> bias, bool unsigned,
        AssembledCode? code, SimdTier? tier = null)
    {
        if (window.InputChannels == window.OutputChannels)
        {
            Kernel? assembled = code is null
                ? null : DepthwiseInt8AssembledKernel.TryCreate(window, quantization, weights, bias, unsigned, code);
            return assembled ?? new DepthwiseInt8Kernel(window, quantization, weights, bias, unsigned, tier ?? SimdTiers.Best);
        }

        // Several outputs per input channel: one group per input channel of the general convolution.
        int taps = window.KernelHeight * window.KernelWidth, channels = window.OutputChannels;
        var byChannel = new byte[weights.Length];
        for (int i = 0; i < weights.Length; i++)
            byChannel[(i % channels * taps) + (i / channels)] = weights[i];
        return ConvInt8Kernel.Create(window, window.InputChannels, quantization, byChannel, bias, unsigned, code);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Run(in KernelArguments args, int start, int end)
    {
        fixed (byte* input = args.Input<byte>(0), output = args.Output<byte>(0), scratch = args.Scratch<byte>())
        {
            int* sums = (int*)scratch;
            byte** taps = (byte**)(sums + (((nint)_pixelsPerChunk * _channels + 1) & ~1));
            byte* padding = (byte*)(taps + _taps);
            new Span<byte>(padding, _channels).Fill(_padding);
            for (int item = start; item < end; item++)
            {
                int image = item / _window.OutputHeight, oy = item % _window.OutputHeight;
                byte* from = input + ((nint)image * _window.InputHeight * _window.InputWidth * _channels);
                var window = new WindowTaps(_window, from, _channels, padding, oy, taps);
                for (int ox = 0; ox < _window.OutputWidth; ox += _pixelsPerChunk)
                {
                    int pixels = Math.Min(_pixelsPerChunk, _window.OutputWidth - ox);
                    Sum(ref window, ox, pixels, taps, sums);
                    byte* to = output + ((((nint)item * _window.OutputWidth) + ox) * _channels);
                    _requantizer.Apply(sums, _channels, 0, to, _channels, pixels, _channels);
                }
            }
        }
    }

    private void Sum(ref WindowTaps window, int ox, int pixels, byte** taps, int* sums)
    {
        switch (_tier)
        {
            case SimdTier.Vector128 when _narrowWeights is not null:
                SumArm(ref window, ox, pixels, taps, sums);
                break;
            case SimdTier.Vector512:
                Sum<IntLanes512, Vector512<int>>(ref window, ox, pixels, taps, sums);
                break;
            case SimdTier.Vector256:
                Sum<IntLanes256, Vector256<int>>(ref window, ox, pixels, taps, sums);
                break;
            case SimdTier.Vector128:
                Sum<IntLanes128, Vector128<int>>(ref window, ox, pixels, taps, sums);
                break;
            default:
                Sum<IntLanes1, int>(ref window, ox, pixels, taps, sums);
                break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Sum<TLanes, V>(ref WindowTaps window, int ox, int pixels, byte** taps, int* sums)
        where TLanes : struct, IIntLanes<V>
        where V : unmanaged
    {
        for (int i = 0; i < pixels; i++, sums += _channels)
        {
            window.MoveTo(ox + i);
            if (_unsigned)
                SumPixel<TLanes, V, byte>(taps, _taps, _channels, _requantizer.Starts, _weights.Pointer, sums);
            else
                SumPixel<TLanes, V, sbyte>(taps, _taps, _channels, _requantizer.Starts, _weights.Pointer, sums);
        }
    }

    /// <summary>One output pixel. The last registers overlap the ones before where the channels do not fill them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SumPixel<TLanes, V, T>(byte** taps, int count, int channels, int* starts, int* weights, int* sums)
        where TLanes : struct, IIntLanes<V>
        where V : unmanaged
    {
        int n = TLanes.Count, c = 0;
        for (; c <= channels - (2 * n); c += 2 * n)
        {
            V s0 = TLanes.Load(starts + c), s1 = TLanes.Load(starts + c + n);
            int* w = weights + c;
            for (int t = 0; t < count; t++, w += channels)
            {
                byte* x = taps[t] + c;
                s0 = TLanes.Add(s0, TLanes.Multiply(Load<TLanes, V, T>(x), TLanes.Load(w)));
                s1 = TLanes.Add(s1, TLanes.Multiply(Load<TLanes, V, T>(x + n), TLanes.Load(w + n)));
            }

            TLanes.Store(sums + c, s0);
            TLanes.Store(sums + c + n, s1);
        }

        for (; c < channels; c += n)
        {
            c = Math.Min(c, channels - n);
            V s = TLanes.Load(starts + c);
            for (int t = 0; t < count; t++)
                s = TLanes.Add(s, TLanes.Multiply(Load<TLanes, V, T>(taps[t] + c), TLanes.Load(weights + (t * channels) + c)));
            TLanes.Store(sums + c, s);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Load<TLanes, V, T>(byte* source)
        where TLanes : struct, IIntLanes<V>
        where V : unmanaged =>
        typeof(T) == typeof(byte) ? TLanes.LoadByte(source) : TLanes.LoadSByte(source);
}
