using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Model;

namespace ModelOpt.Runtime.Kernels.Movement;

/// <summary>FILL: the shape of input 0, the one element of input 1 everywhere.</summary>
internal sealed class FillOperator : KernelOperator
{
    public override TensorSpec[] Infer(Node node)
    {
        int[] shape = node.Input(0).ConstantInts();
        node.Require(Array.TrueForAll(shape, size => size >= 0), "a size is negative");
        node.Require(node.Input(1).Elements == 1, "the value is not one element");
        return [new TensorSpec(node.Input(1).Type, shape)];
    }

    public override bool KeepsSamplesApart(Node node, IReadOnlySet<Tensor> batched) => false;

    public override Foldable Takes(Node node) => Foldable.Nothing;

    public override Kernel CreateKernel(Node node, AssembledCode? code) => new CopyKernel([], [], fillInput: 1);
}
