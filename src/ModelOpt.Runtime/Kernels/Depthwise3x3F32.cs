using System.Runtime.CompilerServices;
using ModelOpt.Runtime.Kernels.Simd;

namespace ModelOpt.Runtime.Kernels;

/// <summary>One register of channels of one output row of a depthwise convolution.</summary>
internal unsafe struct DepthwiseRow
{
    /// <summary>Where the window of the row starts in the first column: above the input where <see cref="FirstTap"/> is not 0.</summary>
    public float* Input;

    /// <summary>Elements from one tap to the one below it.</summary>
    public nint InputRow;

    /// <summary>First row of the window inside of the input.</summary>
    public int FirstTap;

    /// <summary>Row of the window beyond the last one inside of the input.</summary>
    public int EndTap;

    /// <summary>[KernelHeight, KernelWidth, channels].</summary>
    public float* Weights;

    public float* Bias;

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
/// Rows of a 3×3 depthwise convolution: all weights stay in registers, and each column that is loaded serves all the windows it
/// is part of, in groups of four pixels. A load of 512 bits costs as much as two multiply-adds, so this is what counts.
/// </summary>
internal static unsafe class Depthwise3x3F32
{
    private const int Group = 4;

    /// <summary>Whether the windows are 3×3, of a known stride, and reach at most one column beyond either end of a row.</summary>
    public static bool Fits(in Window2D w) =>
        w is { KernelHeight: 3, KernelWidth: 3, StrideWidth: 1 or 2, DilationHeight: 1, DilationWidth: 1, PadLeft: 0 or 1 }
        && w.OutputWidth >= Group && ((w.OutputWidth - 1) * w.StrideWidth) - w.PadLeft + 2 <= w.InputWidth;

    /// <summary>Computes a row; the last group overlaps the one before where the pixels do not fill it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<TLanes, V, TStride>(in Window2D window, in DepthwiseRow row)
        where TLanes : struct, ILanes<V>
        where V : unmanaged
        where TStride : struct, IStride
    {
        nint channels = window.OutputChannels;
        int width = window.OutputWidth, lastColumn = ((Group - 1) * TStride.Value) + 2;
        float* f = row.Weights;
        V f00 = TLanes.Load(f), f01 = TLanes.Load(f + channels), f02 = TLanes.Load(f + (2 * channels));
        f += 3 * channels;
        V f10 = TLanes.Load(f), f11 = TLanes.Load(f + channels), f12 = TLanes.Load(f + (2 * channels));
        f += 3 * channels;
        V f20 = TLanes.Load(f), f21 = TLanes.Load(f + channels), f22 = TLanes.Load(f + (2 * channels));
        V bias = TLanes.Load(row.Bias), low = TLanes.Create(row.Low), high = TLanes.Create(row.High);
        bool first = row.FirstTap == 0, second = row.FirstTap <= 1 && row.EndTap >= 2, third = row.EndTap == 3;
        for (int ox = 0; ox < width; ox += Group)
        {
            ox = Math.Min(ox, width - Group);
            int column = (ox * TStride.Value) - window.PadLeft;
            bool left = column < 0, right = column + lastColumn >= window.InputWidth;
            float* x = row.Input + (column * channels);
            V s0 = bias, s1 = bias, s2 = bias, s3 = bias;
            if (first)
                Add<TLanes, V, TStride>(x, channels, left, right, f00, f01, f02, ref s0, ref s1, ref s2, ref s3);
            x += row.InputRow;
            if (second)
                Add<TLanes, V, TStride>(x, channels, left, right, f10, f11, f12, ref s0, ref s1, ref s2, ref s3);
            x += row.InputRow;
            if (third)
                Add<TLanes, V, TStride>(x, channels, left, right, f20, f21, f22, ref s0, ref s1, ref s2, ref s3);
            float* y = row.Output + (ox * channels);
            TLanes.Store(y, TLanes.Clamp(s0, low, high));
            TLanes.Store(y + channels, TLanes.Clamp(s1, low, high));
            TLanes.Store(y + (2 * channels), TLanes.Clamp(s2, low, high));
            TLanes.Store(y + (3 * channels), TLanes.Clamp(s3, low, high));
        }
    }

    /// <summary>Adds one row of the windows, column by column.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add<TLanes, V, TStride>(
        float* x, nint channels, bool left, bool right, V w0, V w1, V w2, ref V s0, ref V s1, ref V s2, ref V s3)
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
            c = TLanes.Load(x + (4 * channels));
            s2 = TLanes.FusedMultiplyAdd(c, w2, s2);
            s3 = TLanes.FusedMultiplyAdd(c, w1, s3);
            c = right ? default : TLanes.Load(x + (5 * channels));
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
        c = TLanes.Load(x + (6 * channels));
        s2 = TLanes.FusedMultiplyAdd(c, w2, s2);
        s3 = TLanes.FusedMultiplyAdd(c, w0, s3);
        c = TLanes.Load(x + (7 * channels));
        s3 = TLanes.FusedMultiplyAdd(c, w1, s3);
        c = right ? default : TLanes.Load(x + (8 * channels));
        s3 = TLanes.FusedMultiplyAdd(c, w2, s3);
    }
}
