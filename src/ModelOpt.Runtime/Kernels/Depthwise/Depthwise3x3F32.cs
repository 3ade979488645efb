using System.Runtime.CompilerServices;
using ModelOpt.Runtime.Simd;

namespace ModelOpt.Runtime.Kernels.Depthwise;

/// <summary>One register of channels of a depthwise convolution: pointers to its first channel.</summary>
internal unsafe struct DepthwiseStrip
{
    /// <summary>The image.</summary>
    public float* Input;

    /// <summary>[KernelHeight, KernelWidth, channels].</summary>
    public float* Weights;

    public float* Bias;

    /// <summary>The result of the image.</summary>
    public float* Output;

    public float Low;

    public float High;
}

/// <summary>A horizontal stride that the compiler knows.</summary>
internal interface IStride
{
    static abstract int Value { get; }
}

internal readonly struct Stride1 : IStride
{
    public static int Value => 1;
}

internal readonly struct Stride2 : IStride
{
    public static int Value => 2;
}

/// <summary>
/// 3×3 depthwise convolution: all weights stay in registers, and each column that is loaded serves all the windows it is part
/// of, in groups of four pixels. A load of 512 bits costs as much as two multiply-adds, so loads dominate.
/// </summary>
internal static unsafe class Depthwise3x3F32
{
    private const int Group = 4;

    /// <summary>Whether the windows are 3×3, of a known stride, and reach at most one column beyond either end of a row.</summary>
    public static bool Fits(in Window2D w) =>
        w is { KernelHeight: 3, KernelWidth: 3, StrideWidth: 1 or 2, DilationHeight: 1, DilationWidth: 1, PadLeft: 0 or 1 }
        && w.OutputWidth >= Group - 1 && ((w.OutputWidth - 1) * w.StrideWidth) - w.PadLeft + 2 <= w.InputWidth;

    /// <summary>Computes output rows [begin, end); the last group overlaps the one before where the pixels do not fill it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<TLanes, V, TStride>(in Window2D window, in DepthwiseStrip strip, int begin, int end)
        where TLanes : struct, ILanes<V>
        where V : unmanaged
        where TStride : struct, IStride
    {
        nint channels = window.OutputChannels, inputRow = window.InputWidth * channels;
        int width = window.OutputWidth, columns = ((Group - 1) * TStride.Value) + 3;
        float* f = strip.Weights;
        V f00 = TLanes.Load(f), f01 = TLanes.Load(f + channels), f02 = TLanes.Load(f + (2 * channels));
        f += 3 * channels;
        V f10 = TLanes.Load(f), f11 = TLanes.Load(f + channels), f12 = TLanes.Load(f + (2 * channels));
        f += 3 * channels;
        V f20 = TLanes.Load(f), f21 = TLanes.Load(f + channels), f22 = TLanes.Load(f + (2 * channels));
        V bias = TLanes.Load(strip.Bias), low = TLanes.Create(strip.Low), high = TLanes.Create(strip.High);
        for (int oy = begin; oy < end; oy++)
        {
            int top = (oy * window.StrideHeight) - window.PadTop;
            for (int ox = 0; ox < width; ox += Group)
            {
                ox = Math.Max(0, Math.Min(ox, width - Group));
                int column = (ox * TStride.Value) - window.PadLeft, missing = column + columns - window.InputWidth;
                bool left = column < 0;
                float* x = strip.Input + (top * inputRow) + (column * channels);
                V s0 = bias, s1 = bias, s2 = bias, s3 = bias;
                if ((uint)top < (uint)window.InputHeight)
                    Add<TLanes, V, TStride>(x, channels, left, missing, f00, f01, f02, ref s0, ref s1, ref s2, ref s3);
                x += inputRow;
                if ((uint)(top + 1) < (uint)window.InputHeight)
                    Add<TLanes, V, TStride>(x, channels, left, missing, f10, f11, f12, ref s0, ref s1, ref s2, ref s3);
                x += inputRow;
                if ((uint)(top + 2) < (uint)window.InputHeight)
                    Add<TLanes, V, TStride>(x, channels, left, missing, f20, f21, f22, ref s0, ref s1, ref s2, ref s3);
                float* y = strip.Output + (((oy * (nint)width) + ox) * channels);
                TLanes.Store(y, TLanes.Clamp(s0, low, high));
                TLanes.Store(y + channels, TLanes.Clamp(s1, low, high));
                TLanes.Store(y + (2 * channels), TLanes.Clamp(s2, low, high));
                if (width >= Group)
                    TLanes.Store(y + (3 * channels), TLanes.Clamp(s3, low, high));
            }
        }
    }

    /// <summary>Adds one row of the windows, column by column; of the last columns, some are missing where this is positive.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add<TLanes, V, TStride>(
        float* x, nint channels, bool left, int missing, V w0, V w1, V w2, ref V s0, ref V s1, ref V s2, ref V s3)
        where TLanes : struct, ILanes<V>
        where V : unmanaged
        where TStride : struct, IStride
    {
        V c;
        if (TStride.Value == 1)
        {
            c = left ? default : TLanes.Load(x);
            s0 = TLanes.FusedMultiplyAdd(c, w0, s0);
            c = TLanes.Load(x + channels);
            s0 = TLanes.FusedMultiplyAdd(c, w1, s0);
            s1 = TLanes.FusedMultiplyAdd(c, w0, s1);
            c = TLanes.Load(x + (2 * channels));
            s0 = TLanes.FusedMultiplyAdd(c, w2, s0);
            s1 = TLanes.FusedMultiplyAdd(c, w1, s1);
            s2 = TLanes.FusedMultiplyAdd(c, w0, s2);
            c = TLanes.Load(x + (3 * channels));
            s1 = TLanes.FusedMultiplyAdd(c, w2, s1);
            s2 = TLanes.FusedMultiplyAdd(c, w1, s2);
            s3 = TLanes.FusedMultiplyAdd(c, w0, s3);
            c = missing > 1 ? default : TLanes.Load(x + (4 * channels));
            s2 = TLanes.FusedMultiplyAdd(c, w2, s2);
            s3 = TLanes.FusedMultiplyAdd(c, w1, s3);
            c = missing > 0 ? default : TLanes.Load(x + (5 * channels));
            s3 = TLanes.FusedMultiplyAdd(c, w2, s3);
            return;
        }

        c = left ? default : TLanes.Load(x);
        s0 = TLanes.FusedMultiplyAdd(c, w0, s0);
        c = TLanes.Load(x + channels);
        s0 = TLanes.FusedMultiplyAdd(c, w1, s0);
        c = TLanes.Load(x + (2 * channels));
        s0 = TLanes.FusedMultiplyAdd(c, w2, s0);
        s1 = TLanes.FusedMultiplyAdd(c, w0, s1);
        c = TLanes.Load(x + (3 * channels));
        s1 = TLanes.FusedMultiplyAdd(c, w1, s1);
        c = TLanes.Load(x + (4 * channels));
        s1 = TLanes.FusedMultiplyAdd(c, w2, s1);
        s2 = TLanes.FusedMultiplyAdd(c, w0, s2);
        c = TLanes.Load(x + (5 * channels));
        s2 = TLanes.FusedMultiplyAdd(c, w1, s2);
        c = missing > 2 ? default : TLanes.Load(x + (6 * channels));
        s2 = TLanes.FusedMultiplyAdd(c, w2, s2);
        s3 = TLanes.FusedMultiplyAdd(c, w0, s3);
        c = missing > 1 ? default : TLanes.Load(x + (7 * channels));
        s3 = TLanes.FusedMultiplyAdd(c, w1, s3);
        c = missing > 0 ? default : TLanes.Load(x + (8 * channels));
        s3 = TLanes.FusedMultiplyAdd(c, w2, s3);
    }
}
