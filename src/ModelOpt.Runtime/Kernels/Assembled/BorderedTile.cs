using System.Runtime.CompilerServices;

namespace ModelOpt.Runtime.Kernels.Assembled;

/// <summary>
/// Copies of the input under the windows of neighbouring output pixels, which may lie in several rows and images: unsigned, with
/// their padding on all sides, so that every tap of every window is found without looking where it lies.
/// </summary>
internal sealed unsafe class BorderedTile
{
    // Patches are read 16 channels at a time.
    private const int Overrun = 64;

    private readonly Window2D _window;
    private readonly int _pixels;
    private readonly bool _flip;
    private readonly byte _padding;

    /// <param name="window">Shape of the operation.</param>
    /// <param name="pixels">Output pixels of a tile at most.</param>
    /// <param name="flip">The input is int8 and has to be made uint8 by flipping the top bit.</param>
    /// <param name="padding">Value of the padding in the copy.</param>
    public BorderedTile(Window2D window, int pixels, bool flip, byte padding)
    {
        _window = window;
        _pixels = Math.Min(pixels, window.Batch * window.OutputHeight * window.OutputWidth);
        _flip = flip;
        _padding = padding;
    }

    /// <summary>Room for the copies; each thread needs its own.</summary>
    public long Bytes
    {
        get
        {
            Window2D w = _window;
            int most = w.Batch * w.OutputHeight, rows = Math.Min(most, ((_pixels + w.OutputWidth - 2) / w.OutputWidth) + 1);
            int images = Math.Min(w.Batch, ((rows + w.OutputHeight - 2) / w.OutputHeight) + 1);
            long lines = ((long)rows * w.StrideHeight) + ((long)images * Math.Max(0, Height(1) - w.StrideHeight));
            return (lines * Width(most == 1 ? _pixels : w.OutputWidth) * w.InputChannels) + Overrun;
        }
    }

    /// <summary>Copies the input under output pixels [first, first + count).</summary>
    /// <param name="input">The images.</param>
    /// <param name="first">First pixel.</param>
    /// <param name="count">Pixels.</param>
    /// <param name="room">Windows that are asked for; those beyond the pixels are the last one again.</param>
    /// <param name="target">Receives the copies.</param>
    /// <param name="windows">Receives the address of each window's first tap.</param>
    /// <returns>Bytes from one row of the copies to the next.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public nint Copy(byte* input, int first, int count, int room, byte* target, byte** windows)
    {
        Window2D w = _window;
        int channels = w.InputChannels;
        (int row, int column) = Math.DivRem(first, w.OutputWidth);
        (int lastRow, int lastColumn) = Math.DivRem(first + count - 1, w.OutputWidth);
        int left = -w.PadLeft, columns = Width(w.OutputWidth);
        // For a tile in one row, only the pixels under it.
        if (row == lastRow)
            (left, columns) = (left + (column * w.StrideWidth), Width(lastColumn - column + 1));
        int before = Math.Clamp(-left, 0, columns), end = Math.Clamp(w.InputWidth - left, before, columns);
        nint pitch = (nint)columns * channels;
        nint step = (nint)w.StrideWidth * channels;
        byte** next = windows;
        byte* to = target;
        for (int at = row; at <= lastRow;)
        {
            (int image, int y) = Math.DivRem(at, w.OutputHeight);
            int rows = Math.Min(w.OutputHeight - y, lastRow - at + 1), lines = Height(rows), top = (y * w.StrideHeight) - w.PadTop;
            for (int i = 0; i < rows; i++)
            {
                int begin = at + i == row && row != lastRow ? column : 0;
                int stop = row == lastRow ? count : at + i == lastRow ? lastColumn + 1 : w.OutputWidth;
                byte* window = to + (i * w.StrideHeight * pitch) + (begin * step);
                for (; begin < stop; begin++, window += step)
                    *next++ = window;
            }

            for (int line = 0; line < lines; line++, to += pitch)
            {
                int inputRow = top + line;
                if ((uint)inputRow >= (uint)w.InputHeight)
                {
                    Int8Rows.Fill(to, columns * channels, _padding);
                    continue;
                }

                byte* from = input + ((((((nint)image * w.InputHeight) + inputRow) * w.InputWidth) + left + before) * channels);
                Int8Rows.Fill(to, before * channels, _padding);
                Int8Rows.Flip(from, (end - before) * channels, _flip, to + (before * channels));
                Int8Rows.Fill(to + (end * channels), (columns - end) * channels, _padding);
            }

            at += rows;
        }

        for (int i = count; i < room; i++)
            windows[i] = windows[count - 1];
        return pitch;
    }

    private int Width(int windows) => ((windows - 1) * _window.StrideWidth) + ((_window.KernelWidth - 1) * _window.DilationWidth) + 1;

    private int Height(int windows) => ((windows - 1) * _window.StrideHeight) + ((_window.KernelHeight - 1) * _window.DilationHeight) + 1;
}
