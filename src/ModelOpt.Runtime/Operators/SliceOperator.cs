using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Plan;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Operators;

/// <summary>SLICE and STRIDED_SLICE with constant bounds.</summary>
internal static class SliceOperator
{
    public static Kernel CreateSlice(Node node)
    {
        Tensor input = node.Input(0), output = node.Output;
        int[] begin = node.Input(1).ConstantInts(), size = node.Input(2).ConstantInts();
        node.Require(
            begin.Length == input.Rank && size.Length == input.Rank && output.Rank == input.Rank,
            "begin and size must have one element for each dimension");
        int[] strides = StridedCopy.DenseStrides(input.Shape);
        int start = 0;
        for (int i = 0; i < input.Rank; i++)
        {
            long length = size[i] == -1 ? (long)input.Shape[i] - begin[i] : size[i];
            node.Require(
                begin[i] >= 0 && length >= 0 && begin[i] + length <= input.Shape[i] && length == output.Shape[i],
                $"dimension {i} of the slice does not fit");
            start += begin[i] * strides[i];
        }
        return Create(node, start, strides);
    }

    public static Kernel CreateStrided(Node node)
    {
        StridedSliceOptions options = StridedSliceOptions.Read(node.Options);
        Tensor input = node.Input(0), output = node.Output;
        node.Require(
            options is { EllipsisMask: 0, NewAxisMask: 0, EndIsOffset: false },
            "ellipsis, new axes and ends given as offsets are not supported");
        int[] begin = node.Input(1).ConstantInts(), end = node.Input(2).ConstantInts(), step = node.Input(3).ConstantInts();
        node.Require(
            begin.Length <= input.Rank && end.Length == begin.Length && step.Length == begin.Length,
            "begin, end and strides must have the same length");
        int[] strides = StridedCopy.DenseStrides(input.Shape);
        var sizes = new List<int>();
        var outputStrides = new List<int>();
        int start = 0;
        for (int i = 0; i < input.Rank; i++)
        {
            int dimension = input.Shape[i], stride = i < step.Length ? step[i] : 1;
            node.Require(stride != 0 && stride != int.MinValue, "a stride is zero");
            bool shrinks = i < begin.Length && (options.ShrinkAxisMask >> i & 1) != 0;
            bool openBegin = i >= begin.Length || (!shrinks && (options.BeginMask >> i & 1) != 0);
            bool openEnd = i >= begin.Length || (options.EndMask >> i & 1) != 0;
            int first = openBegin ? (stride > 0 ? 0 : dimension - 1) : Clamp(begin[i], dimension, stride);
            int last = openEnd ? (stride > 0 ? dimension : -1) : Clamp(end[i], dimension, stride);
            int count = stride > 0
                ? (int)Math.Max(0, ((long)last - first + stride - 1) / stride)
                : (int)Math.Max(0, ((long)first - last - stride - 1) / -(long)stride);
            if (shrinks)
            {
                int index = begin[i] < 0 ? begin[i] + dimension : begin[i];
                node.Require((uint)index < (uint)dimension, $"index {begin[i]} does not exist in dimension {i}");
                start += index * strides[i];
                continue;
            }
            start += count == 0 ? 0 : first * strides[i];
            sizes.Add(count);
            outputStrides.Add(count <= 1 ? 0 : checked(stride * strides[i]));
        }
        node.Require(sizes.ToArray().AsSpan().SequenceEqual(output.Shape), "the output's shape does not fit the slice");
        return Create(node, start, [.. outputStrides]);
    }

    private static CopyKernel Create(Node node, int start, int[] strides)
    {
        Tensor output = node.Output;
        if (node.Input(0).Type != output.Type)
            throw node.UnsupportedTypes();
        var copy = new StridedCopy(
            output.Type.Size(), output.Shape, start, strides, 0, StridedCopy.DenseStrides(output.Shape));
        return new CopyKernel([new CopyPart(copy, 0, 0)], []);
    }

    private static int Clamp(int index, int dimension, int stride)
    {
        long position = index < 0 ? (long)index + dimension : index;
        return (int)(stride > 0 ? Math.Clamp(position, 0, dimension) : Math.Clamp(position, -1, dimension - 1));
    }
}
