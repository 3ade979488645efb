using System.Numerics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Elementwise;

/// <summary>Means and sums over axes, summed in double precision, or exactly modulo 2^64, in the order of the elements.</summary>
internal static class MeanReduction
{
    /// <summary>The mean over axes.</summary>
    /// <param name="x">The elements; integers give means rounded towards zero.</param>
    /// <param name="axes">The axes, counted from the front.</param>
    /// <param name="keep">Whether the axes stay, with size 1.</param>
    public static Tensor Mean(Node node, Tensor x, ReadOnlySpan<int> axes, bool keep) =>
        Reduce(node, x, axes, keep, divide: true);

    /// <summary>The sum over axes.</summary>
    /// <param name="axes">The axes, counted from the front.</param>
    /// <param name="keep">Whether the axes stay, with size 1.</param>
    public static Tensor Sum(Node node, Tensor x, ReadOnlySpan<int> axes, bool keep) =>
        Reduce(node, x, axes, keep, divide: false);

    /// <summary>The gradient of a mean or sum: that of the result, repeated over the axes, divided by the count for means.</summary>
    /// <param name="context">What was computed; takes the gradient of input 0.</param>
    /// <param name="axes">The axes, counted from the front.</param>
    public static void Backward(BackwardContext context, ReadOnlySpan<int> axes, bool divide)
    {
        Tensor x = context.Input(0), dy = context.OutputGradient;
        int[] dims = x.Dims.ToArray(), kept = x.Dims.ToArray();
        int count = 1;
        foreach (int axis in axes)
        {
            count *= dims[axis];
            kept[axis] = 1;
        }

        if (divide)
        {
            dy = Tensor.Of<float>(dy.Dims, dy.As<float>());
            foreach (ref float element in dy.As<float>()) element /= count;
        }

        context.Gradients[0] = Broadcasting.Expand(context.Node, dy.Reshape(kept), dims);
    }

    private static Tensor Reduce(Node node, Tensor x, ReadOnlySpan<int> axes, bool keep, bool divide)
    {
        var dims = new List<int>(x.Rank);
        var strides = new int[x.Rank];
        int count = 1, size = 1;
        for (int i = x.Rank - 1; i >= 0; i--)
        {
            if (axes.Contains(i))
            {
                count *= x.Dims[i];
                if (keep) dims.Insert(0, 1);
                continue;
            }

            strides[i] = size;
            size *= x.Dims[i];
            dims.Insert(0, x.Dims[i]);
        }

        Tensor source = x.Type == ElementType.BFloat16 ? Casting.To(x, ElementType.Float32) : x;
        Tensor y = node.Allocate(source.Type, dims.ToArray());
        ElementDispatch.Numbers(source.Type, new Action(source, strides, divide ? count : 1, y));
        return Casting.To(y, x.Type);
    }

    /// <summary>Writes a reduction, in the order in which its input is stored.</summary>
    /// <param name="axes">The axes, counted from the front.</param>
    /// <param name="keep">Whether the axes stay, with size 1.</param>
    /// <param name="op">MEAN, SUM or REDUCE_MAX.</param>
    public static void Lower(
        Lowering context, Node node, int[] axes, bool keep, BuiltinOperator op = BuiltinOperator.Mean)
    {
        int[] order = context.OrderOf(node.Input(0));
        int[] stored = [.. Enumerable.Range(0, order.Length).Where(i => axes.Contains(order[i]))];
        int[] output = keep ? order
            : [.. order.Where(a => !axes.Contains(a)).Select(a => a - axes.Count(reduced => reduced < a))];
        new LoweringSteps(context, node).Reduce(op, context.Input(node, 0, order), stored, keep, context.Output(node, 0, output));
    }

    private readonly struct Action(Tensor x, int[] strides, int count, Tensor y) : INumberAction
    {
        public void Run<T>() where T : unmanaged, INumber<T>
        {
            if (x.Type.IsFloat()) Run<T, double>();
            else Run<T, long>();
        }

        private void Run<T, TSum>()
            where T : unmanaged, INumber<T>
            where TSum : unmanaged, INumber<TSum>
        {
            ReadOnlySpan<T> source = x.As<T>();
            var sums = new TSum[y.Count];
            var position = new int[x.Rank];
            int last = x.Rank - 1, at = 0;
            for (int i = 0; i < source.Length;)
            {
                int run = last < 0 ? 1 : x.Dims[last], step = last < 0 ? 0 : strides[last];
                for (int j = 0; j < run; j++, i++) sums[at + (j * step)] += TSum.CreateTruncating(source[i]);
                for (int axis = last - 1; axis >= 0; axis--)
                {
                    at += strides[axis];
                    if (++position[axis] < x.Dims[axis]) break;
                    at -= strides[axis] * x.Dims[axis];
                    position[axis] = 0;
                }
            }

            Span<T> target = y.As<T>();
            // The mean of no integers is 0, as their sum is; that of no floats is no number.
            bool isWhole = typeof(TSum) != typeof(float) && typeof(TSum) != typeof(double);
            TSum divisor = count == 0 && isWhole ? TSum.One : TSum.CreateTruncating(count);
            for (int i = 0; i < target.Length; i++) target[i] = T.CreateTruncating(sums[i] / divisor);
        }
    }
}
