using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Kernels.Movement;

/// <summary>SPLIT (axis, value) into outputs of the same size.</summary>
internal sealed class SplitOperator : KernelOperator
{
    public override TensorSpec[] Infer(Node node)
    {
        Tensor input = node.Input(1);
        int axis = Axis(node, node.Input(0), input), count = node.Outputs.Length;
        node.Require(input.Shape[axis] % count == 0, $"{input.Shape[axis]} elements do not make {count} equal outputs");
        var piece = new TensorSpec(input.Type, Axes.Resize(input.Shape, axis, input.Shape[axis] / count));
        return [.. Enumerable.Repeat(piece, count)];
    }

    public override bool KeepsSamplesApart(Node node, IReadOnlySet<Tensor> batched) => Axis(node, node.Input(0), node.Input(1)) != 0;

    public override Foldable Takes(Node node) => Foldable.Nothing;

    public override Kernel CreateKernel(Node node, AssembledCode? code) => Create(node, 1, Axis(node, node.Input(0), node.Input(1)));

    /// <summary>The axis that a constant operand says.</summary>
    public static int Axis(Node node, Tensor given, Tensor input)
    {
        int[] values = given.ConstantInts(1);
        node.Require(values.Length == 1, "the axis must be one constant");
        return Axes.Normalize(node, values[0], input.Rank);
    }

    /// <summary>Copies pieces of an input that lie one after another along an axis.</summary>
    public static CopyKernel Create(Node node, int inputIndex, int axis)
    {
        Tensor input = node.Input(inputIndex);
        int[] strides = StridedCopy.DenseStrides(input.Shape);
        var parts = new CopyPart[node.Outputs.Length];
        int position = 0;
        for (int i = 0; i < parts.Length; i++)
        {
            int[] shape = node.Outputs[i].Shape;
            parts[i] = new CopyPart(
                new StridedCopy(
                    input.Type.Size(), shape, position * strides[axis], strides, 0, StridedCopy.DenseStrides(shape)),
                inputIndex,
                i);
            position += shape[axis];
        }

        return new CopyKernel(parts, []);
    }
}
