using System.Numerics;
using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Kernels.Movement;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Simd;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Kernels.Reduction;

/// <summary>MEAN, SUM, REDUCE_MAX, REDUCE_MIN, REDUCE_PROD, REDUCE_ANY and REDUCE_ALL over constant axes.</summary>
internal sealed class ReduceOperator : KernelOperator
{
    // Sums of 8-bit values over as many elements stay within int32.
    private const int MaxCount = 1 << 22;

    public override TensorSpec[] Infer(Node node)
    {
        Tensor input = node.Input(0);
        bool[] reduced = ReducedAxes(node);
        bool keep = ReducerOptions.Read(node.Options).KeepDimensions;
        List<int> shape = [];
        for (int axis = 0; axis < input.Rank; axis++)
        {
            if (keep || !reduced[axis])
                shape.Add(reduced[axis] ? 1 : input.Shape[axis]);
        }

        return [new TensorSpec(input.Type, [.. shape])];
    }

    public override bool KeepsSamplesApart(Node node, IReadOnlySet<Tensor> batched) => OnlyFirst(node, batched) && !ReducedAxes(node)[0];

    public override Foldable Takes(Node node) => Foldable.Nothing;

    public override Kernel CreateKernel(Node node, AssembledCode? code)
    {
        Tensor input = node.Input(0), output = node.Output;
        bool mean = node.Operator == BuiltinOperator.Mean;
        bool[] reduced = ReducedAxes(node);
        int[] shape = input.Rank == 0 ? [1] : input.Shape;
        var reduce = new ReduceShape(shape, input.Rank == 0 ? [true] : reduced);
        if (node.Operator is not (BuiltinOperator.Mean or BuiltinOperator.Sum))
            return Fold(node, reduce);
        if (input.Elements == 0)
            return OfNothing(node, mean);
        if (Middle(input.Shape, reduced) is var (outer, count, inner))
        {
            if (input.Type == TensorType.Float32)
                return new AxisSumF32Kernel(outer, count, inner, mean);
            if (input.IsQuantized8 && output.IsQuantized8)
                return Quantized(node, outer, count, inner, mean, output.TypeMin, output.TypeMax);
        }
        switch (input.Type)
        {
            case TensorType.Float32:
                return new ReduceKernel<float, double>(reduce, mean);
            case TensorType.Int32:
                return new ReduceKernel<int, int>(reduce, mean);
            case TensorType.Int64:
                return new ReduceKernel<long, long>(reduce, mean);
            case TensorType.UInt64:
                return new ReduceKernel<ulong, ulong>(reduce, mean);
            case TensorType.Int8 or TensorType.UInt8 when input.IsQuantized8:
                node.Require(reduce.Count < MaxCount, "too many elements are summed");
                return new ReduceInt8Kernel(
                    reduce, mean, input.Scale, input.ZeroPoint, output.Scale, output.ZeroPoint, output.TypeMin, output.TypeMax,
                    input.Type == TensorType.UInt8);
            default:
                throw node.UnsupportedTypes();
        }
    }

    private static Kernel Fold(Node node, ReduceShape shape)
    {
        Tensor input = node.Input(0);
        bool isLogical = node.Operator is BuiltinOperator.ReduceAny or BuiltinOperator.ReduceAll;
        node.Require(isLogical == (input.Type == TensorType.Bool), $"{input.Type} is not supported");
        // A product lies on another grid than its factors.
        node.Require(node.Operator != BuiltinOperator.ReduceProd || input.Quantization is null, "quantized products are not supported");
        node.Require(!input.IsQuantized8 || input.HasGridOf(node.Output), "input and output have different scales");
        return input.Type switch
        {
            TensorType.Float32 => Fold(node, shape, float.NegativeInfinity, float.PositiveInfinity),
            TensorType.Int8 => Fold(node, shape, sbyte.MinValue, sbyte.MaxValue),
            TensorType.UInt8 => Fold(node, shape, byte.MinValue, byte.MaxValue),
            TensorType.Bool => Fold<byte>(node, shape, 0, 1),
            TensorType.Int32 => Fold(node, shape, int.MinValue, int.MaxValue),
            TensorType.Int64 => Fold(node, shape, long.MinValue, long.MaxValue),
            TensorType.UInt64 => Fold(node, shape, ulong.MinValue, ulong.MaxValue),
            _ => throw node.UnsupportedTypes(),
        };
    }

    private static Kernel Fold<T>(Node node, ReduceShape shape, T least, T greatest)
        where T : unmanaged, INumber<T> => node.Operator switch
        {
            BuiltinOperator.ReduceMax or BuiltinOperator.ReduceAny => new FoldKernel<T, GreatestFolding>(shape, least),
            BuiltinOperator.ReduceMin or BuiltinOperator.ReduceAll => new FoldKernel<T, LeastFolding>(shape, greatest),
            _ => new FoldKernel<T, ProductFolding>(shape, T.One),
        };

    // The sum of no elements is 0, their mean not a number.
    private static CopyKernel OfNothing(Node node, bool mean)
    {
        node.Require(!mean || node.Output.Type == TensorType.Float32, "integers are averaged over no elements");
        return new CopyKernel([], mean ? BitConverter.GetBytes(float.NaN) : PadOperator.Zero(node.Output));
    }

    /// <summary>Which dimensions of input 0 are reduced.</summary>
    public static bool[] ReducedAxes(Node node)
    {
        Tensor input = node.Input(0);
        bool[] reduced = new bool[input.Rank];
        foreach (int axis in node.Input(1).ConstantInts())
            reduced[Axes.Normalize(node, axis, input.Rank)] = true;
        return reduced;
    }

    /// <summary>Whether 8-bit values are reduced whose sum may not fit the integers that kernels sum in.</summary>
    public static bool IsTooLong(Node node)
    {
        if (node.OptionalInput(0) is not { IsQuantized8: true } input || node.OptionalInput(1) is not { IsConstant: true })
            return false;
        bool[] reduced = ReducedAxes(node);
        long count = 1;
        for (int i = 0; i < reduced.Length; i++)
            count *= reduced[i] ? input.Shape[i] : 1;
        return count >= MaxCount;
    }

    /// <summary>The sum or mean of 8-bit values over the middle of [outer, count, inner].</summary>
    public static Kernel Quantized(Node node, int outer, int count, int inner, bool mean, int min, int max)
    {
        Tensor input = node.Input(0), output = node.Output;
        node.Require(count < MaxCount, "too many elements are summed");
        return new AxisSumInt8Kernel(
            outer, count, inner, mean, (input.Scale, input.ZeroPoint), (output.Scale, output.ZeroPoint), min, max,
            input.Type == TensorType.UInt8, SimdTiers.Best);
    }

    // The shape as [outer, reduced, inner], if the dimensions reduced are neighbours.
    private static (int Outer, int Count, int Inner)? Middle(int[] shape, bool[] reduced)
    {
        int outer = 1, count = 1, inner = 1, i = 0;
        for (; i < shape.Length && !reduced[i]; i++)
            outer *= shape[i];
        if (i == shape.Length)
            return null;
        for (; i < shape.Length && reduced[i]; i++)
            count *= shape[i];
        for (; i < shape.Length; i++)
        {
            if (reduced[i])
                return null;
            inner *= shape[i];
        }
        return (outer, count, inner);
    }
}
