using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Simd;

namespace ModelOpt.Runtime.Kernels.Pooling;

/// <summary>
/// Highest value of the window, for float32, int8 and uint8 alike. One row of output pixels is one item.
/// Input 0: NHWC; output 0: NHWC.
/// </summary>
/// <param name="window">Shape of the operation; the channels are those of the input.</param>
/// <param name="min">Lowest output.</param>
/// <param name="max">Highest output.</param>
/// <param name="tier">Vector width.</param>
internal sealed unsafe class MaxPoolKernel<T>(Window2D window, T min, T max, SimdTier tier) : Kernel
    where T : unmanaged, INumber<T>
{
    // The widest registers that the channels fill.
    private readonly SimdTier _tier = Fitting(tier, window.InputChannels * sizeof(T));

    // Where channels fill none: of a row, as many pixels as a register that reaches into the next ones may read and write.
    private readonly int _reaching = tier >= SimdTier.Vector128 ? Reaching(window) : 0;

    public override int Items => window.Batch * window.OutputHeight;

    public override long Work =>
        (long)Items * window.OutputWidth * window.KernelHeight * window.KernelWidth * window.InputChannels;

    public override void Run(in KernelArguments args, int start, int end)
    {
        fixed (T* x = args.Input<T>(0), y = args.Output<T>(0))
        {
            for (int item = start; item < end; item++)
            {
                switch (_tier)
                {
                    case SimdTier.Vector512:
                        Row<VectorLanes512<T>, Vector512<T>>(x, y, item, 0, window.OutputWidth);
                        break;
                    case SimdTier.Vector256:
                        Row<VectorLanes256<T>, Vector256<T>>(x, y, item, 0, window.OutputWidth);
                        break;
                    case SimdTier.Vector128:
                        Row<VectorLanes128<T>, Vector128<T>>(x, y, item, 0, window.OutputWidth);
                        break;
                    default:
                        Row<VectorLanes128<T>, Vector128<T>>(x, y, item, 0, _reaching);
                        Row<VectorLanes1<T>, T>(x, y, item, _reaching, window.OutputWidth);
                        break;
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Row<TLanes, V>(T* input, T* output, int item, int begin, int end)
        where TLanes : struct, IVectorLanes<T, V>
        where V : unmanaged
    {
        Window2D w = window;
        int channels = w.InputChannels;
        int n = item / w.OutputHeight, top = (item % w.OutputHeight * w.StrideHeight) - w.PadTop;
        int y0 = Math.Max(top, 0), rows = Math.Max(Math.Min(top + w.KernelHeight, w.InputHeight) - y0, 0);
        nint rowStride = (nint)w.InputWidth * channels;
        T* line = input + ((((nint)n * w.InputHeight) + y0) * rowStride);
        T* to = output + ((((nint)item * w.OutputWidth) + begin) * channels);
        V low = TLanes.Create(min), high = TLanes.Create(max);
        int sharedBegin = 0, sharedEnd = 0;
        if (rows == 3 && w is { KernelWidth: 3, StrideWidth: 2 } && channels >= TLanes.Count)
        {
            sharedBegin = Math.Clamp((w.PadLeft + 1) / 2, begin, end);
            sharedEnd = Math.Clamp((w.InputWidth - 1 + w.PadLeft) / 2, sharedBegin, end);
            T* from = line + ((nint)((sharedBegin * 2) - w.PadLeft) * channels);
            for (int c = 0; c < channels && sharedEnd > sharedBegin; c += TLanes.Count)
            {
                int at = Math.Min(c, channels - TLanes.Count);
                SharedColumns<TLanes, V>(
                    from + at, rowStride, to + ((nint)(sharedBegin - begin) * channels) + at, sharedEnd - sharedBegin, low, high);
            }
        }

        for (int ox = begin; ox < end; ox++, to += channels)
        {
            if (ox == sharedBegin)
            {
                ox = sharedEnd;
                to += (nint)(sharedEnd - sharedBegin) * channels;
                if (ox == end)
                    break;
            }

            int left = (ox * w.StrideWidth) - w.PadLeft;
            int x0 = Math.Max(left, 0), columns = Math.Max(Math.Min(left + w.KernelWidth, w.InputWidth) - x0, 0);
            T* from = line + ((nint)x0 * channels);
            for (int c = 0; c < channels; c += TLanes.Count)
            {
                // The last register ends with the channels and recomputes those that it shares with the one before; a single register
                // that they do not fill reaches into the next pixel, which is written later.
                int at = Math.Max(Math.Min(c, channels - TLanes.Count), 0);
                V result = Maximum<TLanes, V>(from + at, rowStride, rows, columns, channels, low);
                TLanes.Store(to + at, TLanes.Min(result, high));
            }
        }
    }

    /// <summary>The maximum of a window's pixels, and of <paramref name="low"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Maximum<TLanes, V>(T* source, nint rowStride, int rows, int columns, int channels, V low)
        where TLanes : struct, IVectorLanes<T, V>
        where V : unmanaged
    {
        V result = low;
        for (int r = 0; r < rows; r++, source += rowStride)
        {
            if (columns == 3)
            {
                V first = TLanes.Max(TLanes.Load(source), TLanes.Load(source + channels));
                result = TLanes.Max(result, TLanes.Max(first, TLanes.Load(source + (2 * channels))));
                continue;
            }
            for (int k = 0; k < columns; k++)
                result = TLanes.Max(result, TLanes.Load(source + (k * channels)));
        }

        return result;
    }

    /// <summary>3×3 windows two columns apart, all inside of the input: neighbours share a column's maximum.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void SharedColumns<TLanes, V>(T* x, nint rowStride, T* y, int pixels, V low, V high)
        where TLanes : struct, IVectorLanes<T, V>
        where V : unmanaged
    {
        int channels = window.InputChannels;
        V shared = Column(x);
        for (; pixels > 0; pixels--, x += 2 * channels, y += channels)
        {
            V last = Column(x + (2 * channels)), first = TLanes.Max(shared, Column(x + channels));
            TLanes.Store(y, TLanes.Min(TLanes.Max(low, TLanes.Max(first, last)), high));
            shared = last;
        }

        V Column(T* top) =>
            TLanes.Max(TLanes.Max(TLanes.Load(top), TLanes.Load(top + rowStride)), TLanes.Load(top + (2 * rowStride)));
    }

    private static int Reaching(Window2D w)
    {
        int lanes = Vector128<T>.Count;
        if (w.InputChannels >= lanes) return 0;
        int next = (lanes - 1) / w.InputChannels, columns = w.InputWidth - next - w.KernelWidth + w.PadLeft;
        return columns < 0 ? 0 : Math.Max(0, Math.Min(w.OutputWidth - next, (columns / w.StrideWidth) + 1));
    }

    private static SimdTier Fitting(SimdTier tier, int bytes)
    {
        while (tier > SimdTier.Scalar && 8 << (int)tier > bytes)
            tier--;
        return tier;
    }
}
