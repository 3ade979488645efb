using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using ModelOpt.Runtime.Kernels;

namespace ModelOpt.Compiler.Kernels;

/// <summary>
/// How planes [H, W] are laid out for convolutions that run over whole planes.
/// <para>
/// A plane is copied with its padding, split into the phases of the strides: input (oy·s + d, ox·s + e) is element
/// (oy + d / s, ox + e / s) of phase (d mod s, e mod s). In a phase all taps are plain offsets, and the rows, of one common
/// pitch, are computed as a single run; what falls between the end of a row and the pitch is computed for nothing.
/// </para>
/// </summary>
internal readonly unsafe struct PaddedPlanes
{
    /// <summary>Elements beyond a phase or a result that vectors may reach.</summary>
    public const int Slack = 64;

    private readonly Window2D _window;
    private readonly int _phasesDown;
    private readonly int _phasesAcross;
    private readonly int _phaseRows;
    private readonly int _phaseLength;

    /// <param name="window">Shape of the operation; its layout and channels are not used.</param>
    public PaddedPlanes(in Window2D window)
    {
        _window = window;
        _phasesDown = Math.Min(window.StrideHeight, ((window.KernelHeight - 1) * window.DilationHeight) + 1);
        _phasesAcross = Math.Min(window.StrideWidth, ((window.KernelWidth - 1) * window.DilationWidth) + 1);
        Pitch = window.OutputWidth + ((window.KernelWidth - 1) * window.DilationWidth / window.StrideWidth);
        _phaseRows = window.OutputHeight + ((window.KernelHeight - 1) * window.DilationHeight / window.StrideHeight);
        _phaseLength = checked((Pitch * _phaseRows) + Slack);
        Run = ((window.OutputHeight - 1) * Pitch) + window.OutputWidth;
        PlaneLength = checked(_phasesDown * _phasesAcross * _phaseLength);
    }

    /// <summary>Elements from row to row, of a phase as of the result.</summary>
    public int Pitch { get; }

    /// <summary>Elements of a plane's result, from its first to its last.</summary>
    public int Run { get; }

    /// <summary>Elements of all phases of a plane.</summary>
    public int PlaneLength { get; }

    /// <summary>Where the tap (ky, kx) of output q lies, less q.</summary>
    public int Offset(int ky, int kx)
    {
        int dy = ky * _window.DilationHeight, dx = kx * _window.DilationWidth;
        int phase = (dy % _window.StrideHeight * _phasesAcross) + (dx % _window.StrideWidth);
        return (phase * _phaseLength) + (dy / _window.StrideHeight * Pitch) + (dx / _window.StrideWidth);
    }

    /// <summary>Row r, column c of phase (py, px) is input (r·s + py − pad, c·s + px − pad), zero outside.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Split(float* plane, float* phases)
    {
        Window2D w = _window;
        for (int py = 0; py < _phasesDown; py++)
        {
            for (int px = 0; px < _phasesAcross; px++, phases += _phaseLength)
            {
                int first = px - w.PadLeft, stride = w.StrideWidth;
                (int begin, int end) = Columns(px);
                float* to = phases;
                for (int r = 0; r < _phaseRows; r++, to += Pitch)
                {
                    int iy = (r * w.StrideHeight) + py - w.PadTop;
                    if ((uint)iy >= (uint)w.InputHeight || begin == end)
                    {
                        Clear(to, Pitch);
                        continue;
                    }

                    float* from = plane + ((nint)iy * w.InputWidth) + first;
                    Clear(to, begin);
                    if (stride == 1)
                        Copy(from + begin, to + begin, end - begin);
                    else
                        CopyStrided(from, stride, to, begin, end);
                    Clear(to + end, Pitch - end);
                }

                Clear(to, Slack);
            }
        }
    }

    /// <summary>
    /// The reverse of <see cref="Split"/>: what lies under an element of the plane; elements that no window reaches stay.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Merge(float* phases, float* plane)
    {
        Window2D w = _window;
        for (int py = 0; py < _phasesDown; py++)
        {
            for (int px = 0; px < _phasesAcross; px++, phases += _phaseLength)
            {
                (int begin, int end) = Columns(px);
                for (int r = 0; r < _phaseRows; r++)
                {
                    int iy = (r * w.StrideHeight) + py - w.PadTop;
                    if ((uint)iy >= (uint)w.InputHeight)
                        continue;
                    float* to = plane + ((nint)iy * w.InputWidth) + px - w.PadLeft, from = phases + (r * Pitch);
                    for (int c = begin; c < end; c++)
                        to[c * w.StrideWidth] = from[c];
                }
            }
        }
    }

    /// <summary>The columns of a phase that lie in the input.</summary>
    private (int Begin, int End) Columns(int px)
    {
        int first = px - _window.PadLeft, stride = _window.StrideWidth;
        int begin = first >= 0 ? 0 : Math.Min(Pitch, (-first + stride - 1) / stride);
        int end = first >= _window.InputWidth ? begin : Math.Clamp(((_window.InputWidth - 1 - first) / stride) + 1, begin, Pitch);
        return (begin, end);
    }

    /// <summary>Copies the rows of a result next to each other.</summary>
    public void Join(float* result, float* target)
    {
        int width = _window.OutputWidth;
        for (int oy = 0; oy < _window.OutputHeight; oy++)
            new Span<float>(result + ((nint)oy * Pitch), width).CopyTo(new Span<float>(target + ((nint)oy * width), width));
    }

    // Rows are short: a vector that overlaps the last one copies the rest.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Copy(float* from, float* to, int count)
    {
        int i = 0;
        if (count >= 16)
        {
            for (; i <= count - 16; i += 16)
                Vector512.Load(from + i).Store(to + i);
            if (i < count)
                Vector512.Load(from + count - 16).Store(to + count - 16);
            return;
        }

        for (; i <= count - 4; i += 4)
            Vector128.Load(from + i).Store(to + i);
        for (; i < count; i++)
            to[i] = from[i];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Clear(float* to, int count)
    {
        int i = 0;
        for (; i <= count - 16; i += 16)
            Vector512<float>.Zero.Store(to + i);
        for (; i < count; i++)
            to[i] = 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CopyStrided(float* from, int stride, float* to, int begin, int end)
    {
        int c = begin;

        // The second vector begins at an element that is not wanted, so that none behind the last of the row is read.
        for (; stride == 2 && Sse.IsSupported && c + 4 <= end; c += 4)
        {
            Vector128<float> low = Vector128.Load(from + (2 * c)), high = Vector128.Load(from + (2 * c) + 3);
            Sse.Shuffle(low, high, 0b11_01_10_00).Store(to + c);
        }

        for (; c < end; c++)
            to[c] = from[c * stride];
    }
}
