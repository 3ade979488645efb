using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Kernels.Movement;

/// <summary>STRIDED_SLICE with constant bounds.</summary>
internal sealed class StridedSliceOperator : KernelOperator
{
    public override TensorSpec[] Infer(Node node) => [new TensorSpec(node.Input(0).Type, Box(node).Sizes)];

    public override bool KeepsSamplesApart(Node node, IReadOnlySet<Tensor> batched)
    {
        StridedSliceOptions options = StridedSliceOptions.Read(node.Options);
        return OnlyFirst(node, batched) && (node.Input(1).Elements == 0
            || ((options.ShrinkAxisMask & 1) == 0 && node.Input(3).ConstantInts()[0] == 1
                && ((options.BeginMask & 1) != 0 || node.Input(1).ConstantInts()[0] == 0)));
    }

    public override Foldable Takes(Node node) => Foldable.Nothing;

    public override Kernel CreateKernel(Node node, AssembledCode? code)
    {
        (int start, _, int[] strides) = Box(node);
        return SliceOperator.Copy(node, start, strides);
    }

    // First element of the input, and sizes and strides of the dimensions that are left.
    private static (int Start, int[] Sizes, int[] Strides) Box(Node node)
    {
        StridedSliceOptions options = StridedSliceOptions.Read(node.Options);
        Tensor input = node.Input(0);
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
        return (start, [.. sizes], [.. outputStrides]);
    }

    private static int Clamp(int index, int dimension, int stride)
    {
        long position = index < 0 ? (long)index + dimension : index;
        return (int)(stride > 0 ? Math.Clamp(position, 0, dimension) : Math.Clamp(position, -1, dimension - 1));
    }
}
