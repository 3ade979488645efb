using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Resampling;

/// <summary>
/// Linear interpolation of integers. It cuts fractions off, so the last bit of a sum counts: it sums as ONNX Runtime does, all corners of
/// a rectangle or box at once, in float32.
/// </summary>
internal static class ResizeIntegers
{
    /// <summary>Whether elements are integers that are interpolated.</summary>
    public static bool Are(ElementType type) => type is ElementType.Int8 or ElementType.UInt8 or ElementType.Int32;

    /// <summary>Interpolates.</summary>
    /// <param name="axes">The result's size along each axis, and its scale.</param>
    public static Tensor Blend(Node node, Tensor x, (int Size, float Scale)[] axes)
    {
        AxisTaps[] taps = Taps(node, x.Dims, axes);
        Tensor source = Casting.To(x, ElementType.Float32);
        Tensor sums = node.Allocate(ElementType.Float32, [.. axes.Select(a => a.Size)]);
        ReadOnlySpan<float> from = source.As<float>();
        Span<float> to = sums.As<float>();
        int[] index = new int[taps.Length];
        int kept = taps.Length == 0 ? 0 : to.Length / Math.Max(1, taps.Aggregate(1, (count, t) => count * t.Near.Length));
        int plane = taps.Aggregate(1, (count, t) => count * t.From), at = 0;
        for (int outer = 0; outer < kept; outer++)
        {
            for (int i = 0; i < to.Length / kept; i++, at++)
            {
                SetIndex(taps, index, i);
                for (int corner = 0; corner < 1 << taps.Length; corner++)
                {
                    int position = 0;
                    for (int axis = 0; axis < taps.Length; axis++)
                        position = (position * taps[axis].From) + taps[axis].Positions(corner)[index[axis]];
                    float part = Share(taps, corner, index) * from[(outer * plane) + position];
                    to[at] = corner == 0 ? part : to[at] + part;
                }
            }
        }

        return Casting.To(sums, x.Type);
    }

    /// <summary>Writes it: for each corner the elements there, times their shares, summed.</summary>
    /// <param name="axes">The result's size along each axis, and its scale.</param>
    public static void Lower(Lowering context, Node node, (int Size, float Scale)[] axes)
    {
        var steps = new LoweringSteps(context, node);
        TfliteTensor x = steps.Cast(context.Input(node, 0), TensorType.Float32);
        AxisTaps[] taps = Taps(node, x.Dims, axes);
        int[] sizes = [.. taps.Select(t => t.Near.Length)], index = new int[taps.Length];
        int first = x.Rank - taps.Length;
        TfliteTensor? sum = null;
        for (int corner = 0; corner < 1 << taps.Length; corner++)
        {
            TfliteTensor part = x;
            for (int axis = 0; axis < taps.Length; axis++) part = steps.Gather(part, first + axis, taps[axis].Positions(corner));
            var shares = new float[sizes.Aggregate(1, (count, s) => count * s)];
            for (int i = 0; i < shares.Length; i++)
            {
                SetIndex(taps, index, i);
                shares[i] = Share(taps, corner, index);
            }

            Tensor table = Tensor.Of<float>([.. Enumerable.Repeat(1, first), .. sizes], shares);
            part = steps.Multiply(part, context.Constant($"{node.Label}/shares", table));
            sum = sum is null ? part : steps.Add(sum, part);
        }

        steps.Cast(sum!, context.Output(node, 0).Type, context.Output(node, 0));
    }

    /// <summary>The neighbours of each element of the result along the last two or three axes; the others keep their sizes.</summary>
    private static AxisTaps[] Taps(Node node, ReadOnlySpan<int> from, (int Size, float Scale)[] axes)
    {
        int first = axes.Length is 3 or 5 ? axes.Length - 3 : Math.Max(0, axes.Length - 2);
        for (int i = 0; i < first; i++)
        {
            if (axes[i].Size != from[i] || axes[i].Scale != 1)
                throw GraphDiagnostics.UnsupportedForm.Error(node.Label, node.Type, "integers interpolated along the first axes");
        }

        var taps = new AxisTaps[axes.Length - first];
        for (int i = 0; i < taps.Length; i++)
            taps[i] = AxisTaps.Of(node, first + i, from[first + i], axes[first + i].Size, axes[first + i].Scale, taps.Length - 1 - i);
        return taps;
    }

    /// <summary>Sets the index along each axis of an element of a rectangle or box.</summary>
    private static void SetIndex(AxisTaps[] taps, int[] index, int element)
    {
        for (int axis = taps.Length - 1; axis >= 0; axis--)
        {
            index[axis] = element % taps[axis].Near.Length;
            element /= taps[axis].Near.Length;
        }
    }

    /// <summary>The share of a corner: that along the last axis times that along the one before, and so on.</summary>
    private static float Share(AxisTaps[] taps, int corner, int[] index)
    {
        float share = taps[^1].Share(corner, index[^1]);
        for (int axis = taps.Length - 2; axis >= 0; axis--) share *= taps[axis].Share(corner, index[axis]);
        return share;
    }

    /// <summary>
    /// The two elements around each element of the result along an axis, and their shares; a half each where they are the same.
    /// </summary>
    /// <param name="From">The length of the axis.</param>
    /// <param name="Near">The positions of the first.</param>
    /// <param name="Shares">The share of the first, then that of the second, of each.</param>
    /// <param name="Bit">The bit of a corner that says which of the two it has.</param>
    private sealed record AxisTaps(int From, int[] Near, int[] Far, float[] Shares, int Bit)
    {
        public static AxisTaps Of(Node node, int axis, int from, int to, float scale, int bit)
        {
            var result = new AxisTaps(from, new int[to], new int[to], new float[2 * to], bit);
            ResizeTaps? taps = scale == 1 ? null : ResizeTaps.Of(node, axis, from, to, scale);
            for (int i = 0; i < to; i++)
            {
                (result.Near[i], result.Far[i]) = taps is null
                    ? (i, Math.Min(i + 1, from - 1)) : (taps.Positions[2 * i], taps.Positions[(2 * i) + 1]);
                (result.Shares[2 * i], result.Shares[(2 * i) + 1]) = result.Near[i] == result.Far[i] ? (0.5f, 0.5f)
                    : taps is null ? (1, 0) : (taps.Shares[2 * i], taps.Shares[(2 * i) + 1]);
            }

            return result;
        }

        public int[] Positions(int corner) => (corner >> Bit & 1) == 0 ? Near : Far;

        public float Share(int corner, int index) => Shares[(2 * index) + (corner >> Bit & 1)];
    }
}
