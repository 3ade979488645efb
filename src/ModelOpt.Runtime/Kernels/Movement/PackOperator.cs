using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Kernels.Movement;

/// <summary>PACK: equal shapes, stacked along a new axis.</summary>
internal sealed class PackOperator : KernelOperator
{
    public override TensorSpec[] Infer(Node node)
    {
        Tensor first = node.Input(0);
        int axis = Axis(node);
        for (int i = 1; i < node.Inputs.Length; i++)
        {
            if (node.Input(i).Type != first.Type)
                throw node.UnsupportedTypes();
            node.Require(node.Input(i).Shape.AsSpan().SequenceEqual(first.Shape), $"input {i} has another shape");
        }

        return [new TensorSpec(first.Type, [.. first.Shape[..axis], node.Inputs.Length, .. first.Shape[axis..]])];
    }

    public override bool KeepsSamplesApart(Node node, IReadOnlySet<Tensor> batched) => Axis(node) != 0;

    public override Foldable Takes(Node node) => Foldable.Nothing;

    public override Kernel CreateKernel(Node node, AssembledCode? code)
    {
        Tensor output = node.Output;
        int axis = Axis(node);
        int[] shape = node.Input(0).Shape, strides = StridedCopy.DenseStrides(output.Shape), inputStrides = Axes.Remove(strides, axis);
        var parts = new CopyPart[node.Inputs.Length];
        for (int i = 0; i < parts.Length; i++)
        {
            parts[i] = new CopyPart(
                new StridedCopy(output.Type.Size(), shape, 0, StridedCopy.DenseStrides(shape), i * strides[axis], inputStrides), i, 0);
        }

        return new CopyKernel(parts, []);
    }

    private static int Axis(Node node) =>
        Axes.Normalize(node, PackOptions.Read(node.Options, node.OptionsType).Axis, node.Input(0).Rank + 1);
}
