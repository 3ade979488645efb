using System.Numerics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;

namespace ModelOpt.Compiler.Operators.Reduction;

/// <summary>How elements are taken together: floats in float64, unsigned 64 bits in their own type, other integers in 64 bits.</summary>
internal interface IFold
{
    /// <summary>The result of no elements.</summary>
    /// <typeparam name="T">The type to compute in.</typeparam>
    static abstract T Start<T>() where T : unmanaged, INumber<T>, IMinMaxValue<T>;

    /// <summary>The result of one more element.</summary>
    /// <typeparam name="T">The type to compute in.</typeparam>
    static abstract T Add<T>(T sum, T element) where T : unmanaged, INumber<T>, IMinMaxValue<T>;
}

/// <summary>Reductions of tensors, element by element in the order of the input.</summary>
internal static class ReductionSums
{
    /// <summary>A sum in the middle of a computation: infinite where its magnitude exceeds float32, unless all is float64.</summary>
    /// <param name="type">The type of the elements.</param>
    public static double Held(double sum, ElementType type) => type == ElementType.Float64 || float.IsFinite((float)sum) ? sum : (float)sum;

    /// <summary>The sizes of a tensor with 1 for axes.</summary>
    public static int[] KeptDims(Tensor x, int[] axes) => [.. x.Dims.ToArray().Select((d, i) => axes.Contains(i) ? 1 : d)];

    /// <summary>For each element of the input, the element of the result that it belongs to.</summary>
    public static int[] Targets(Tensor x, int[] axes)
    {
        int[] strides = DataMovement.Strides(KeptDims(x, axes)), targets = new int[x.Count];
        foreach (int axis in axes) strides[axis] = 0;
        Span<int> index = stackalloc int[x.Rank];
        for (int i = 0, at = 0; i < targets.Length; i++)
        {
            targets[i] = at;
            for (int axis = x.Rank - 1; axis >= 0; axis--)
            {
                at += strides[axis];
                if (++index[axis] < x.Dims[axis]) break;
                at -= strides[axis] * x.Dims[axis];
                index[axis] = 0;
            }
        }

        return targets;
    }

    /// <summary>Reduces input 0 of a node over its axes.</summary>
    /// <typeparam name="TFold">How.</typeparam>
    /// <param name="finish">What becomes of a result of floats; of integers rounded towards zero. None where null.</param>
    public static void Run<TFold>(ForwardContext context, Func<double, double>? finish = null) where TFold : struct, IFold
    {
        Tensor x = context.Input(0), source = x.Type == ElementType.BFloat16 ? Casting.To(x, ElementType.Float32) : x;
        int[] axes = ReducedAxes.Of(context.Node, x.Rank, context.InputOrNull(1));
        Tensor y = context.Node.Allocate(source.Type, KeptDims(x, axes));
        ElementDispatch.Numbers(source.Type, new Action<TFold>(source, Targets(x, axes), y, finish));
        context.Output = Shaped(context, Casting.To(y, x.Type), axes);
    }

    /// <summary>A result with the sizes that the node says.</summary>
    public static Tensor Shaped(ForwardContext context, Tensor y, int[] axes)
    {
        bool keep = ReducedAxes.Keep(context.Node);
        return y.Reshape([.. y.Dims.ToArray().Where((_, axis) => keep || !axes.Contains(axis))]);
    }

    private readonly struct Action<TFold>(Tensor x, int[] targets, Tensor y, Func<double, double>? finish) : INumberAction
        where TFold : struct, IFold
    {
        public void Run<T>() where T : unmanaged, INumber<T>
        {
            if (x.Type.IsFloat()) Sum<T, double>();
            else if (typeof(T) == typeof(ulong)) Sum<T, ulong>();
            else Sum<T, long>();
        }

        private void Sum<T, TSum>() where T : unmanaged, INumber<T> where TSum : unmanaged, INumber<TSum>, IMinMaxValue<TSum>
        {
            ReadOnlySpan<T> from = x.As<T>();
            var sums = new TSum[y.Count];
            Array.Fill(sums, TFold.Start<TSum>());
            for (int i = 0; i < from.Length; i++)
                sums[targets[i]] = TFold.Add(sums[targets[i]], TSum.CreateTruncating(from[i]));
            Span<T> to = y.As<T>();
            bool isFloat = typeof(TSum) == typeof(double);
            // Products of integers wrap; the bound of a narrow type stands for the result of no elements.
            for (int i = 0; i < to.Length; i++)
                to[i] = finish is not null ? T.CreateSaturating(Finished(double.CreateSaturating(sums[i]), finish))
                    : isFloat || from.IsEmpty ? T.CreateSaturating(sums[i]) : T.CreateTruncating(sums[i]);
        }

        /// <summary>A function of a sum, which ends where float32 does; of integers, a float32 that loses its fraction.</summary>
        private double Finished(double sum, Func<double, double> finish) =>
            x.Type.IsFloat() ? finish(Held(sum, x.Type)) : (float)finish((float)sum);
    }
}
