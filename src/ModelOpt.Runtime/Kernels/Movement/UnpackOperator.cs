using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Kernels.Movement;

/// <summary>UNPACK: one output for each index of an axis, without that axis.</summary>
internal sealed class UnpackOperator : KernelOperator
{
    public override TensorSpec[] Infer(Node node)
    {
        Tensor input = node.Input(0);
        int axis = Axis(node), count = node.Outputs.Length;
        node.Require(input.Shape[axis] == count, "the number of outputs does not fit the axis");
        return [.. Enumerable.Repeat(new TensorSpec(input.Type, Axes.Remove(input.Shape, axis)), count)];
    }

    public override bool KeepsSamplesApart(Node node, IReadOnlySet<Tensor> batched) => Axis(node) != 0;

    public override Foldable Takes(Node node) => Foldable.Nothing;

    public override Kernel CreateKernel(Node node, AssembledCode? code)
    {
        Tensor input = node.Input(0);
        int axis = Axis(node);
        int[] shape = node.Output.Shape, strides = StridedCopy.DenseStrides(input.Shape), rest = Axes.Remove(strides, axis);
        var parts = new CopyPart[node.Outputs.Length];
        for (int i = 0; i < parts.Length; i++)
        {
            parts[i] = new CopyPart(
                new StridedCopy(input.Type.Size(), shape, i * strides[axis], rest, 0, StridedCopy.DenseStrides(shape)), 0, i);
        }

        return new CopyKernel(parts, []);
    }

    private static int Axis(Node node) =>
        Axes.Normalize(node, PackOptions.Read(node.Options, node.OptionsType).Axis, node.Input(0).Rank);
}
