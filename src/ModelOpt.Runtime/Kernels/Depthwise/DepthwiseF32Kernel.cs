using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Kernels.Convolution;
using ModelOpt.Runtime.Simd;

namespace ModelOpt.Runtime.Kernels.Depthwise;

/// <summary>
/// float32 depthwise convolution, NHWC: lanes run over the channels; each output is the sequential fused multiply-add over
/// (ky, kx) from the bias on. Input 0: activations; output 0: the result.
/// </summary>
internal sealed unsafe class DepthwiseF32Kernel : Kernel
{
    private readonly Window2D _window;
    private readonly int _channels;
    private readonly int _taps;
    private readonly int _insideBegin;
    private readonly int _insideEnd;
    private readonly bool _is3x3;
    private readonly SimdTier _tier;
    private readonly AlignedBuffer<float> _weights;
    private readonly AlignedBuffer<float> _bias;
    private readonly float _low;
    private readonly float _high;

    /// <summary>The kernel where each output channel has an input channel of its own; see <see cref="Create"/>.</summary>
    public DepthwiseF32Kernel(
        Window2D window, ReadOnlySpan<float> weights, ReadOnlySpan<float> bias, float low, float high, SimdTier tier)
    {
        _window = window;
        _channels = window.OutputChannels;
        _taps = window.KernelHeight * window.KernelWidth;
        _tier = SimdTiers.Fitting(tier, _channels);
        int reach = (window.KernelWidth - 1) * window.DilationWidth, last = window.InputWidth - 1 - reach + window.PadLeft;
        // The phases of a gradient begin inside the image: their padding is negative.
        _insideBegin = Math.Clamp((window.PadLeft + window.StrideWidth - 1) / window.StrideWidth, 0, window.OutputWidth);
        _insideEnd = last < 0 ? _insideBegin : Math.Clamp((last / window.StrideWidth) + 1, _insideBegin, window.OutputWidth);
        _is3x3 = Depthwise3x3F32.Fits(window);
        _low = low;
        _high = high;
        _weights = new AlignedBuffer<float>(_taps * _channels);
        weights.CopyTo(_weights.Span);
        _bias = new AlignedBuffer<float>(_channels);
        bias.CopyTo(_bias.Span);
    }

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
            return new DepthwiseF32Kernel(window, weights, bias, low, high, tier ?? SimdTiers.Best);

        // Several outputs per input channel: one group per input channel of the general convolution.
        int taps = window.KernelHeight * window.KernelWidth, channels = window.OutputChannels;
        var byChannel = new float[weights.Length];
        for (int i = 0; i < weights.Length; i++)
            byChannel[(i % channels * taps) + (i / channels)] = weights[i];
        return ConvF32Kernel.Create(window, window.InputChannels, byChannel, bias, low, high, tier);
    }

    public override void Run(in KernelArguments args, int start, int end)
    {
        fixed (float* input = args.Input<float>(0), output = args.Output<float>(0))
            Run(input, output, start, end);
    }

    /// <summary>The same on pointers.</summary>
    public void Run(float* input, float* output, int start, int end)
    {
        switch (_tier)
        {
            case SimdTier.Vector512:
                Rows<Lanes512, Vector512<float>>(input, output, start, end);
                break;
            case SimdTier.Vector256:
                Rows<Lanes256, Vector256<float>>(input, output, start, end);
                break;
            case SimdTier.Vector128:
                Rows<Lanes128, Vector128<float>>(input, output, start, end);
                break;
            default:
                Rows<Lanes1, float>(input, output, start, end);
                break;
        }
    }

    /// <summary>Output rows [start, end). The last registers overlap the ones before where the channels do not fill them.</summary>
    private void Rows<TLanes, V>(float* input, float* output, int start, int end)
        where TLanes : struct, ILanes<V>
        where V : unmanaged
    {
        nint inputImage = (nint)_window.InputHeight * _window.InputWidth * _channels;
        nint outputImage = (nint)_window.OutputHeight * _window.OutputWidth * _channels;
        for (int item = start; item < end;)
        {
            int image = item / _window.OutputHeight, begin = item % _window.OutputHeight;
            int rows = Math.Min(end - item, _window.OutputHeight - begin);
            for (int c = 0; c < _channels; c += TLanes.Count)
            {
                c = Math.Min(c, _channels - TLanes.Count);
                var strip = new DepthwiseStrip
                {
                    Input = input + (image * inputImage) + c,
                    Weights = _weights.Pointer + c,
                    Bias = _bias.Pointer + c,
                    Output = output + (image * outputImage) + c,
                    Low = _low,
                    High = _high,
                };
                if (_is3x3 && _window.StrideWidth == 1)
                    Depthwise3x3F32.Run<TLanes, V, Stride1>(_window, strip, begin, begin + rows);
                else if (_is3x3)
                    Depthwise3x3F32.Run<TLanes, V, Stride2>(_window, strip, begin, begin + rows);
                else
                    Run<TLanes, V>(strip, begin, begin + rows);
            }

            item += rows;
        }
    }

    /// <summary>Rows of any kernel, stride and dilation.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Run<TLanes, V>(in DepthwiseStrip strip, int begin, int end)
        where TLanes : struct, ILanes<V>
        where V : unmanaged
    {
        const int group = 8;
        Window2D w = _window;
        nint channels = _channels;
        for (int oy = begin; oy < end; oy++)
        {
            int top = (oy * w.StrideHeight) - w.PadTop;
            int firstTap = top >= 0 ? 0 : (-top + w.DilationHeight - 1) / w.DilationHeight;
            int endTap = Math.Min(w.KernelHeight, (w.InputHeight - top + w.DilationHeight - 1) / w.DilationHeight);
            float* x = strip.Input + (top * w.InputWidth * channels), y = strip.Output + (oy * w.OutputWidth * channels);
            for (int ox = 0; ox < w.OutputWidth;)
            {
                int left = (ox * w.StrideWidth) - w.PadLeft;
                if (ox < _insideBegin || ox >= _insideEnd || _insideEnd - _insideBegin < group)
                {
                    int first = left >= 0 ? 0 : (-left + w.DilationWidth - 1) / w.DilationWidth;
                    int last = Math.Min(w.KernelWidth, (w.InputWidth - left + w.DilationWidth - 1) / w.DilationWidth);
                    Pixel<TLanes, V>(strip, x + (left * channels), firstTap, endTap, first, last, y + (ox * channels));
                    ox++;
                    continue;
                }

                // The last group overlaps the one before where the pixels do not fill it.
                ox = Math.Min(ox, _insideEnd - group);
                left = (ox * w.StrideWidth) - w.PadLeft;
                Pixels<TLanes, V>(strip, x + (left * channels), firstTap, endTap, y + (ox * channels));
                ox += group;
            }
        }
    }

    /// <summary>One pixel whose window has the rows [firstTap, endTap) and the columns [begin, end) inside.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Pixel<TLanes, V>(in DepthwiseStrip strip, float* x, int firstTap, int endTap, int begin, int end, float* output)
        where TLanes : struct, ILanes<V>
        where V : unmanaged
    {
        nint channels = _channels, column = channels * _window.DilationWidth, row = _window.InputWidth * channels * _window.DilationHeight;
        V sum = TLanes.Load(strip.Bias);
        for (int ky = firstTap; ky < endTap; ky++)
        {
            float* a = x + (ky * row), f = strip.Weights + (ky * _window.KernelWidth * channels);
            for (int kx = begin; kx < end; kx++)
                sum = TLanes.FusedMultiplyAdd(TLanes.Load(f + (kx * channels)), TLanes.Load(a + (kx * column)), sum);
        }

        TLanes.Store(output, TLanes.Clamp(sum, TLanes.Create(strip.Low), TLanes.Create(strip.High)));
    }

    /// <summary>Eight pixels whose windows are inside.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Pixels<TLanes, V>(in DepthwiseStrip strip, float* x, int firstTap, int endTap, float* output)
        where TLanes : struct, ILanes<V>
        where V : unmanaged
    {
        V s0 = TLanes.Load(strip.Bias), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0;
        nint channels = _channels, column = channels * _window.DilationWidth, row = _window.InputWidth * channels * _window.DilationHeight;
        nint p1 = channels * _window.StrideWidth, p2 = 2 * p1, p3 = 3 * p1, p4 = 4 * p1;
        int across = _window.KernelWidth;
        float* f = strip.Weights + (firstTap * across * channels);
        x += firstTap * row;
        for (int ky = firstTap; ky < endTap; ky++, x += row)
        {
            float* a = x;
            for (int kx = 0; kx < across; kx++)
            {
                V factor = TLanes.Load(f);
                float* b = a + p4;
                s0 = TLanes.FusedMultiplyAdd(factor, TLanes.Load(a), s0);
                s1 = TLanes.FusedMultiplyAdd(factor, TLanes.Load(a + p1), s1);
                s2 = TLanes.FusedMultiplyAdd(factor, TLanes.Load(a + p2), s2);
                s3 = TLanes.FusedMultiplyAdd(factor, TLanes.Load(a + p3), s3);
                s4 = TLanes.FusedMultiplyAdd(factor, TLanes.Load(b), s4);
                s5 = TLanes.FusedMultiplyAdd(factor, TLanes.Load(b + p1), s5);
                s6 = TLanes.FusedMultiplyAdd(factor, TLanes.Load(b + p2), s6);
                s7 = TLanes.FusedMultiplyAdd(factor, TLanes.Load(b + p3), s7);
                a += column;
                f += channels;
            }
        }

        V low = TLanes.Create(strip.Low), high = TLanes.Create(strip.High);
        TLanes.Store(output, TLanes.Clamp(s0, low, high));
        TLanes.Store(output + channels, TLanes.Clamp(s1, low, high));
        TLanes.Store(output + (2 * channels), TLanes.Clamp(s2, low, high));
        TLanes.Store(output + (3 * channels), TLanes.Clamp(s3, low, high));
        output += 4 * channels;
        TLanes.Store(output, TLanes.Clamp(s4, low, high));
        TLanes.Store(output + channels, TLanes.Clamp(s5, low, high));
        TLanes.Store(output + (2 * channels), TLanes.Clamp(s6, low, high));
        TLanes.Store(output + (3 * channels), TLanes.Clamp(s7, low, high));
    }
}
