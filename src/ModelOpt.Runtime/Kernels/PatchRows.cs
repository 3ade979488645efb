using System.Runtime.CompilerServices;

namespace ModelOpt.Runtime.Kernels;

/// <summary>Copies a run of 8-bit activations to a row of patches, converting them on the way.</summary>
internal unsafe interface IRunCopy<TOut>
    where TOut : unmanaged
{
    /// <summary>The zero point, converted.</summary>
    TOut Padding { get; }

    void Copy(byte* source, int count, TOut* target);
}

/// <summary>8-bit activations as int16 less their zero point.</summary>
internal readonly unsafe struct WideningCopy(int zeroPoint, bool unsigned) : IRunCopy<short>
{
    public short Padding => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Copy(byte* source, int count, short* target) =>
        Int8Rows.Widen(source, count, zeroPoint, unsigned, target);
}

/// <summary>8-bit activations as bytes, between int8 and uint8 by their top bit.</summary>
internal readonly unsafe struct FlippingCopy(int zeroPoint, bool flip) : IRunCopy<byte>
{
    public byte Padding => (byte)(zeroPoint ^ (flip ? 0x80 : 0));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Copy(byte* source, int count, byte* target) => Int8Rows.Flip(source, count, flip, target);
}

/// <summary>
/// The patches under the windows of a convolution over NHWC data, one row per output pixel in the order (ky, kx, channel).
/// Padding is the zero point.
/// </summary>
internal static unsafe class PatchRows
{
    /// <summary>Writes the patches of output pixels [begin, end) of one group.</summary>
    /// <param name="window">Shape of the convolution.</param>
    /// <param name="channels">Input channels of the group.</param>
    /// <param name="input">The group's first channel of the first pixel.</param>
    /// <param name="begin">First output pixel, counted over batch, height and width.</param>
    /// <param name="end">Beyond the last output pixel.</param>
    /// <param name="copy">Conversion of the elements.</param>
    /// <param name="target">Receives KernelHeight·KernelWidth·channels elements per row.</param>
    /// <param name="stride">Elements from one row to the next.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Gather<TCopy, TOut>(
        in Window2D window, int channels, byte* input, int begin, int end, TCopy copy, TOut* target, nint stride)
        where TCopy : struct, IRunCopy<TOut>
        where TOut : unmanaged
    {
        Window2D w = window;
        if (w.IsPointwise && channels == w.InputChannels && stride == channels)
        {
            copy.Copy(input + ((nint)begin * channels), (end - begin) * channels, target);
            return;
        }

        int ox = begin % w.OutputWidth, oy = begin / w.OutputWidth % w.OutputHeight;
        int image = begin / (w.OutputWidth * w.OutputHeight);
        int rowLength = w.KernelWidth * channels;

        // Neighbouring taps are one run where they are neighbours in memory.
        bool runs = channels == w.InputChannels && w.DilationWidth == 1;
        for (int pixel = begin; pixel < end; pixel++, target += stride)
        {
            int left = (ox * w.StrideWidth) - w.PadLeft;
            TOut* to = target;
            for (int ky = 0; ky < w.KernelHeight; ky++, to += rowLength)
            {
                int iy = (oy * w.StrideHeight) - w.PadTop + (ky * w.DilationHeight);
                if ((uint)iy >= (uint)w.InputHeight)
                {
                    new Span<TOut>(to, rowLength).Fill(copy.Padding);
                    continue;
                }

                byte* row = input + ((((nint)image * w.InputHeight) + iy) * w.InputWidth * w.InputChannels);
                if (runs)
                    CopyTaps<TCopy, TOut>(row, left, w.InputWidth, w.KernelWidth, channels, copy, to);
                else
                    CopyTapByTap<TCopy, TOut>(row, left, w, channels, copy, to);
            }

            if (++ox < w.OutputWidth)
                continue;
            ox = 0;
            if (++oy < w.OutputHeight)
                continue;
            oy = 0;
            image++;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CopyTaps<TCopy, TOut>(
        byte* row, int left, int width, int taps, int channels, TCopy copy, TOut* to)
        where TCopy : struct, IRunCopy<TOut>
        where TOut : unmanaged
    {
        int begin = Math.Clamp(-left, 0, taps), end = Math.Clamp(width - left, begin, taps);
        if (begin > 0)
            new Span<TOut>(to, begin * channels).Fill(copy.Padding);
        copy.Copy(row + ((nint)(left + begin) * channels), (end - begin) * channels, to + (begin * channels));
        if (end < taps)
            new Span<TOut>(to + (end * channels), (taps - end) * channels).Fill(copy.Padding);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CopyTapByTap<TCopy, TOut>(
        byte* row, int left, in Window2D w, int channels, TCopy copy, TOut* to)
        where TCopy : struct, IRunCopy<TOut>
        where TOut : unmanaged
    {
        for (int kx = 0; kx < w.KernelWidth; kx++, to += channels)
        {
            int ix = left + (kx * w.DilationWidth);
            if ((uint)ix < (uint)w.InputWidth)
                copy.Copy(row + ((nint)ix * w.InputChannels), channels, to);
            else
                new Span<TOut>(to, channels).Fill(copy.Padding);
        }
    }
}
