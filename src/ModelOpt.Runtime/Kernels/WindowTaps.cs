using System.Runtime.CompilerServices;

namespace ModelOpt.Runtime.Kernels;

/// <summary>
/// Addresses of the input pixels under a window that moves along one output row, in the order (ky, kx). Positions outside
/// of the image have the address of a pixel that stands for the padding.
/// </summary>
internal unsafe ref struct WindowTaps
{
    private readonly ref readonly Window2D _window;
    private readonly byte* _row;
    private readonly byte* _padding;
    private readonly byte** _taps;
    private readonly int _top;
    private readonly int _pixelBytes;
    private readonly int _count;
    private readonly bool _rowsInside;
    private bool _inside;

    /// <param name="window">Shape of the operation.</param>
    /// <param name="image">First byte of the image.</param>
    /// <param name="pixelBytes">Bytes of one pixel's channels.</param>
    /// <param name="padding">One pixel of padding.</param>
    /// <param name="oy">Output row.</param>
    /// <param name="taps">Room for KernelHeight·KernelWidth addresses.</param>
    public WindowTaps(in Window2D window, byte* image, int pixelBytes, byte* padding, int oy, byte** taps)
    {
        _window = ref window;
        _padding = padding;
        _taps = taps;
        _pixelBytes = pixelBytes;
        _count = window.KernelHeight * window.KernelWidth;
        _top = (oy * window.StrideHeight) - window.PadTop;
        _row = image + ((nint)_top * window.InputWidth * pixelBytes);
        _rowsInside = _top >= 0 && _top + ((window.KernelHeight - 1) * window.DilationHeight) < window.InputHeight;
    }

    /// <summary>Moves to output column <paramref name="ox"/>: the first one, or the one after the last.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void MoveTo(int ox)
    {
        int left = (ox * _window.StrideWidth) - _window.PadLeft;
        bool inside = _rowsInside && left >= 0 && left + ((_window.KernelWidth - 1) * _window.DilationWidth) < _window.InputWidth;
        if (inside && _inside)
        {
            nint step = (nint)_window.StrideWidth * _pixelBytes;
            for (int t = 0; t < _count; t++)
                _taps[t] += step;
            return;
        }

        _inside = inside;
        Locate(left);
    }

    private readonly void Locate(int left)
    {
        byte** tap = _taps;
        for (int ky = 0; ky < _window.KernelHeight; ky++)
        {
            int dy = ky * _window.DilationHeight;
            bool inside = (uint)(_top + dy) < (uint)_window.InputHeight;
            byte* row = _row + ((nint)dy * _window.InputWidth * _pixelBytes);
            for (int kx = 0; kx < _window.KernelWidth; kx++)
            {
                int ix = left + (kx * _window.DilationWidth);
                *tap++ = inside && (uint)ix < (uint)_window.InputWidth ? row + ((nint)ix * _pixelBytes) : _padding;
            }
        }
    }
}
