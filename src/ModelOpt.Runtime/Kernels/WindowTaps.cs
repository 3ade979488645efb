using System.Runtime.CompilerServices;

namespace ModelOpt.Runtime.Kernels;

/// <summary>Addresses of the input pixels under one window, in the order (ky, kx).</summary>
internal static unsafe class WindowTaps
{
    /// <param name="window">Shape of the operation.</param>
    /// <param name="image">First byte of the image.</param>
    /// <param name="pixelBytes">Bytes of one pixel's channels.</param>
    /// <param name="padding">One pixel that stands for all positions outside of the image.</param>
    /// <param name="oy">Output row.</param>
    /// <param name="ox">Output column.</param>
    /// <param name="taps">Receives KernelHeight·KernelWidth addresses.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Locate(
        in Window2D window, byte* image, int pixelBytes, byte* padding, int oy, int ox, byte** taps)
    {
        int top = (oy * window.StrideHeight) - window.PadTop, left = (ox * window.StrideWidth) - window.PadLeft;
        for (int ky = 0; ky < window.KernelHeight; ky++)
        {
            int iy = top + (ky * window.DilationHeight);
            bool inside = (uint)iy < (uint)window.InputHeight;
            byte* row = image + ((nint)iy * window.InputWidth * pixelBytes);
            for (int kx = 0; kx < window.KernelWidth; kx++)
            {
                int ix = left + (kx * window.DilationWidth);
                *taps++ = inside && (uint)ix < (uint)window.InputWidth ? row + ((nint)ix * pixelBytes) : padding;
            }
        }
    }
}
