using System.Buffers;
using System.Numerics;
using ModelOpt.Compiler.Kernels;
using ModelOpt.Compiler.Operators.Convolution;
using ModelOpt.Runtime.Kernels;

namespace ModelOpt.Compiler.Operators.Pooling;

/// <summary>
/// Maxima over windows without padding, and their gradients, in float32: planes are laid out as <see cref="PaddedPlanes"/>, where each
/// tap of neighbouring windows is a run of neighbouring elements.
/// </summary>
internal sealed unsafe class MaxPoolPlanes
{
    private readonly PaddedPlanes _planes;
    private readonly Window2D _window;
    private readonly int[] _offsets;

    /// <summary>Prepares a shape.</summary>
    /// <param name="v">The vertical axis; see <see cref="Fits"/>.</param>
    /// <param name="h">The horizontal axis; see <see cref="Fits"/>.</param>
    public MaxPoolPlanes(WindowAxis v, WindowAxis h)
    {
        _window = new Window2D(
            1, v.Input, h.Input, 1, v.Output, h.Output, 1, v.Kernel, h.Kernel, v.Stride, h.Stride, v.Dilation, h.Dilation, 0, 0);
        _planes = new PaddedPlanes(_window);
        _offsets = new int[v.Kernel * h.Kernel];
        for (int tap = 0; tap < _offsets.Length; tap++) _offsets[tap] = _planes.Offset(tap / h.Kernel, tap % h.Kernel);
    }

    /// <summary>Whether all windows along an axis lie within the input.</summary>
    public static bool Fits(WindowAxis axis) => axis is { PadBegin: 0, Reach: <= 0 };

    /// <summary>The maxima of a plane: of each window the first of the largest.</summary>
    public void Forward(ReadOnlySpan<float> x, Span<float> y)
    {
        int run = Padded(_planes.Run);
        float[] buffer = ArrayPool<float>.Shared.Rent(_planes.PlaneLength + run);
        fixed (float* phases = buffer, from = x, to = y)
        {
            float* result = phases + _planes.PlaneLength;
            _planes.Split(from, phases);
            for (int q = 0; q < run; q += Vector<float>.Count) Largest(phases + q).Store(result + q);
            _planes.Join(result, to);
        }

        ArrayPool<float>.Shared.Return(buffer);
    }

    /// <summary>The gradient of a plane: each result's goes to the first of the largest elements of its window.</summary>
    /// <param name="dx">Zeros; takes the gradients of the elements.</param>
    public void Backward(ReadOnlySpan<float> x, ReadOnlySpan<float> dy, Span<float> dx)
    {
        int run = Padded(_planes.Run), width = _window.OutputWidth;
        float[] buffer = ArrayPool<float>.Shared.Rent((2 * _planes.PlaneLength) + run);
        fixed (float* phases = buffer, from = x, to = dx)
        {
            float* sums = phases + _planes.PlaneLength, gradients = sums + _planes.PlaneLength;
            _planes.Split(from, phases);
            new Span<float>(sums, _planes.PlaneLength + run).Clear();
            for (int oy = 0; oy < _window.OutputHeight; oy++)
                dy.Slice(oy * width, width).CopyTo(new Span<float>(gradients + (oy * _planes.Pitch), width));
            for (int q = 0; q < run; q += Vector<float>.Count)
            {
                Vector<float> largest = Largest(phases + q), gradient = Vector.Load(gradients + q);
                Vector<int> open = Vector<int>.AllBitsSet;
                foreach (int offset in _offsets)
                {
                    Vector<int> here = Vector.Equals(Vector.Load(phases + offset + q), largest) & open;
                    open = Vector.AndNot(open, here);
                    float* sum = sums + offset + q;
                    (Vector.Load(sum) + Vector.ConditionalSelect(here, gradient, Vector<float>.Zero)).Store(sum);
                }
            }

            _planes.Merge(sums, to);
        }

        ArrayPool<float>.Shared.Return(buffer);
    }

    private static int Padded(int run) => (run + Vector<float>.Count - 1) / Vector<float>.Count * Vector<float>.Count;

    private Vector<float> Largest(float* phases)
    {
        Vector<float> largest = Vector.Load(phases + _offsets[0]);
        for (int tap = 1; tap < _offsets.Length; tap++)
        {
            Vector<float> x = Vector.Load(phases + _offsets[tap]);
            largest = Vector.ConditionalSelect(Vector.GreaterThan(x, largest), x, largest);
        }

        return largest;
    }
}
