using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using ModelOpt.Runtime.Kernels.Contract;

namespace ModelOpt.Runtime.Kernels.Movement;

/// <summary>
/// Interpolates between four pixels in float32, first along rows, then between them; 8-bit results are rounded to even. The last two
/// rows that were interpolated are kept, as neighbouring rows of the output lie between the same.
/// </summary>
internal sealed unsafe class ResizeBilinearKernel<T>(
    int batch, int inputHeight, int inputWidth, int channels, ResizeAxis rows, ResizeAxis columns) : Kernel
    where T : unmanaged, INumber<T>
{
    private readonly int _inputRow = checked(inputWidth * channels);
    private readonly int _outputRow = checked(columns.First.Length * channels);

    public override int Items => batch * rows.First.Length;

    public override long Work => 2L * Items * _outputRow;

    public override int ScratchBytes => checked(sizeof(float) * ((2 * _outputRow) + (typeof(T) == typeof(float) ? 0 : _inputRow)));

    public override void Run(in KernelArguments args, int start, int end)
    {
        ReadOnlySpan<T> x = args.Input<T>(0);
        Span<T> y = args.Output<T>(0);
        Span<float> scratch = args.Scratch<float>(), floats = scratch[(2 * _outputRow)..];
        int height = rows.First.Length;
        (int Even, int Odd) kept = (-1, -1);
        for (int item = start; item < end; item++)
        {
            int image = item / height * inputHeight, row = item % height;
            Span<float> upper = Row(x, image + rows.First[row], scratch, floats, ref kept);
            Span<float> lower = Row(x, image + rows.Second[row], scratch, floats, ref kept);
            Between(upper, lower, rows.Weight[row], y.Slice(item * _outputRow, _outputRow));
        }
    }

    /// <summary>A row of the input in the width of the output.</summary>
    private Span<float> Row(ReadOnlySpan<T> x, int row, Span<float> scratch, Span<float> floats, ref (int Even, int Odd) kept)
    {
        bool isOdd = row % 2 != 0;
        Span<float> result = scratch.Slice(isOdd ? _outputRow : 0, _outputRow);
        ref int place = ref isOdd ? ref kept.Odd : ref kept.Even;
        if (place == row)
            return result;
        place = row;
        ReadOnlySpan<T> source = x.Slice(row * _inputRow, _inputRow);
        if (typeof(T) == typeof(float))
        {
            Across(MemoryMarshal.Cast<T, float>(source), result);
            return result;
        }

        Widen(source, floats);
        Across(floats[.._inputRow], result);
        return result;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Widen(ReadOnlySpan<T> x, Span<float> y)
    {
        int i = 0;
        for (; i <= x.Length - Vector128<byte>.Count; i += Vector128<byte>.Count)
        {
            Vector128<T> bytes = Vector128.Create(x.Slice(i, Vector128<byte>.Count));
            (Vector128<short> low, Vector128<short> high) = typeof(T) == typeof(sbyte) ? Vector128.Widen(bytes.AsSByte()) : Unsigned(bytes);
            (Vector128<int> a, Vector128<int> b) = Vector128.Widen(low);
            (Vector128<int> c, Vector128<int> d) = Vector128.Widen(high);
            Span<float> to = y.Slice(i, Vector128<byte>.Count);
            Vector128.ConvertToSingle(a).CopyTo(to);
            Vector128.ConvertToSingle(b).CopyTo(to[4..]);
            Vector128.ConvertToSingle(c).CopyTo(to[8..]);
            Vector128.ConvertToSingle(d).CopyTo(to[12..]);
        }

        for (; i < x.Length; i++)
            y[i] = float.CreateTruncating(x[i]);

        static (Vector128<short> Low, Vector128<short> High) Unsigned(Vector128<T> bytes)
        {
            (Vector128<ushort> low, Vector128<ushort> high) = Vector128.Widen(bytes.AsByte());
            return (low.AsInt16(), high.AsInt16());
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Across(ReadOnlySpan<float> source, Span<float> destination)
    {
        int width = columns.First.Length, whole = channels & ~(Vector128<float>.Count - 1);
        fixed (float* x = source, y = destination[..(width * channels)])
        fixed (float* weights = columns.Weight)
        fixed (int* first = columns.First, second = columns.Second)
        {
            float* to = y;
            for (int i = 0; i < width; i++, to += channels)
            {
                float* left = x + (first[i] * channels), right = x + (second[i] * channels);
                float weight = weights[i];
                Vector128<float> leftWeight = Vector128.Create(1 - weight), rightWeight = Vector128.Create(weight);
                for (int c = 0; c < whole; c += Vector128<float>.Count)
                    ((Vector128.Load(left + c) * leftWeight) + (Vector128.Load(right + c) * rightWeight)).Store(to + c);
                for (int c = whole; c < channels; c++)
                    to[c] = Mix(left[c], right[c], weight);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Between(ReadOnlySpan<float> upper, ReadOnlySpan<float> lower, float weight, Span<T> y)
    {
        int i = 0, count = typeof(T) == typeof(float) ? Vector256<float>.Count : Vector256<byte>.Count;
        fixed (float* above = upper, below = lower[..upper.Length])
        fixed (T* to = y[..upper.Length])
        {
            for (; i <= y.Length - count; i += count)
            {
                if (typeof(T) == typeof(float))
                {
                    Mix(above + i, below + i, weight).Store((float*)to + i);
                    continue;
                }

                Vector256<short> low = Vector256.Narrow(Round(above + i, below + i, weight), Round(above + i + 8, below + i + 8, weight));
                Vector256<short> high = Vector256.Narrow(
                    Round(above + i + 16, below + i + 16, weight), Round(above + i + 24, below + i + 24, weight));
                Vector256.Narrow(low, high).Store((sbyte*)to + i);
            }
        }

        for (; i < y.Length; i++)
        {
            float value = Mix(upper[i], lower[i], weight);
            y[i] = T.CreateSaturating(typeof(T) == typeof(float) ? value : MathF.Round(value));
        }
    }

    // Between the least and the greatest of its pixels, so that eight bits hold it.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Round(float* upper, float* lower, float weight) =>
        Vector256.ConvertToInt32Native(Vector256.Round(Mix(upper, lower, weight)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Mix(float* a, float* b, float weight) =>
        (Vector256.Load(a) * Vector256.Create(1 - weight)) + (Vector256.Load(b) * Vector256.Create(weight));

    private static float Mix(float a, float b, float weight) => (a * (1 - weight)) + (b * weight);
}
