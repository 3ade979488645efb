using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Plan;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Operators;

/// <summary>SPLIT (axis, value), SPLIT_V (value, sizes, axis) and UNPACK (value).</summary>
internal static class SplitOperator
{
    public static Kernel CreateSplit(Node node) => Create(node, 1, node.Input(0).ConstantInts(1));

    public static Kernel CreateSplitV(Node node) => Create(node, 0, node.Input(2).ConstantInts(1));

    public static Kernel CreateUnpack(Node node)
    {
        Tensor input = node.Input(0);
        int axis = Axes.Normalize(node, PackOptions.Read(node.Options, node.OptionsType).Axis, input.Rank);
        node.Require(input.Shape[axis] == node.Outputs.Length, "the number of outputs does not fit the axis");
        int[] shape = Axes.Remove(input.Shape, axis), strides = StridedCopy.DenseStrides(input.Shape);
        int[] rest = Axes.Remove(strides, axis);
        var parts = new CopyPart[node.Outputs.Length];
        for (int i = 0; i < parts.Length; i++)
        {
            Tensor output = node.Outputs[i];
            node.Require(
                output.Type == input.Type && output.Shape.AsSpan().SequenceEqual(shape),
                $"output {i} has another shape or type");
            parts[i] = new CopyPart(
                new StridedCopy(input.Type.Size(), shape, i * strides[axis], rest, 0, StridedCopy.DenseStrides(shape)), 0, i);
        }
        return new CopyKernel(parts, []);
    }

    private static CopyKernel Create(Node node, int inputIndex, int[] axisValue)
    {
        Tensor input = node.Input(inputIndex);
        node.Require(axisValue.Length == 1, "the axis must be one constant");
        int axis = Axes.Normalize(node, axisValue[0], input.Rank);
        int[] strides = StridedCopy.DenseStrides(input.Shape);
        var parts = new CopyPart[node.Outputs.Length];
        long position = 0;
        for (int i = 0; i < parts.Length; i++)
        {
            Tensor output = node.Outputs[i];
            node.Require(
                output.Type == input.Type && output.Rank == input.Rank,
                $"output {i} has another type or number of dimensions");
            for (int d = 0; d < input.Rank; d++)
                node.Require(d == axis || output.Shape[d] == input.Shape[d], $"output {i} has another shape");
            node.Require(position + output.Shape[axis] <= input.Shape[axis], "the outputs are longer than the input");
            parts[i] = new CopyPart(
                new StridedCopy(
                    input.Type.Size(), output.Shape, (int)position * strides[axis], strides, 0, StridedCopy.DenseStrides(output.Shape)),
                inputIndex,
                i);
            position += output.Shape[axis];
        }
        node.Require(position == input.Shape[axis], "the outputs are shorter than the input");
        return new CopyKernel(parts, []);
    }
}
