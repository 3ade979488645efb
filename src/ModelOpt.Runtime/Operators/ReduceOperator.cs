using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Plan;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Operators;

/// <summary>MEAN and SUM over constant axes.</summary>
internal static class ReduceOperator
{
    // Sums of 8-bit values over as many elements stay within int32.
    private const int MaxCount = 1 << 22;

    public static Kernel Create(Node node)
    {
        Tensor input = node.Input(0), output = node.Output;
        if (input.Type != output.Type)
            throw node.UnsupportedTypes();
        bool mean = node.Operator == BuiltinOperator.Mean;
        bool[] reduced = ReducedAxes(node);
        int[] shape = input.Rank == 0 ? [1] : input.Shape;
        var reduce = new ReduceShape(shape, input.Rank == 0 ? [true] : reduced);
        node.Require(reduce.Outputs == output.Elements && reduce.Count > 0, "the output's shape does not fit the axes");
        if (mean && input.Type is TensorType.Float32 or TensorType.Int8 or TensorType.UInt8 && AsWindow(input.Shape, reduced) is { } window)
            return Average(node, window);
        switch (input.Type)
        {
            case TensorType.Float32:
                return new ReduceKernel<float>(reduce, mean);
            case TensorType.Int32:
                return new ReduceKernel<int>(reduce, mean);
            case TensorType.Int64:
                return new ReduceKernel<long>(reduce, mean);
            case TensorType.Int8 or TensorType.UInt8 when input.IsQuantized8:
                node.Require(reduce.Count < MaxCount, "too many elements are summed");
                return new ReduceQ8Kernel(
                    reduce, mean, input.Scale, input.ZeroPoint, output.Scale, output.ZeroPoint, output.TypeMin, output.TypeMax,
                    input.Type == TensorType.UInt8);
            default:
                throw node.UnsupportedTypes();
        }
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

    private static Kernel Average(Node node, Window2D window)
    {
        Tensor input = node.Input(0), output = node.Output;
        if (input.Type == TensorType.Float32)
            return new AveragePoolF32Kernel(window, float.NegativeInfinity, float.PositiveInfinity);
        node.Require(window.KernelHeight < MaxCount, "too many elements are summed");
        return new AveragePoolQ8Kernel(
            window, true, input.Scale, input.ZeroPoint, output.Scale, output.ZeroPoint, output.TypeMin, output.TypeMax,
            input.Type == TensorType.UInt8);
    }

    // The mean over neighbouring dimensions is a global average pool: [outer, reduced, 1, inner].
    private static Window2D? AsWindow(int[] shape, bool[] reduced)
    {
        int first = Array.IndexOf(reduced, true), last = Array.LastIndexOf(reduced, true);
        if (first < 0 || Array.IndexOf(reduced, false, first, last - first + 1) >= 0)
            return null;
        int outer = Product(shape[..first]), count = Product(shape[first..(last + 1)]), inner = Product(shape[(last + 1)..]);
        return new Window2D(outer, count, 1, inner, 1, 1, inner, count, 1, 1, 1, 1, 1, 0, 0);
    }

    private static int Product(int[] sizes) => sizes.Aggregate(1, (a, b) => a * b);
}
