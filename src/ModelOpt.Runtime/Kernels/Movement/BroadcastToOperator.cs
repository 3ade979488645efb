using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Model;

namespace ModelOpt.Runtime.Kernels.Movement;

/// <summary>BROADCAST_TO: input 0 repeated to the shape of input 1.</summary>
internal sealed class BroadcastToOperator : KernelOperator
{
    public override TensorSpec[] Infer(Node node)
    {
        Tensor input = node.Input(0);
        int[] shape = node.Input(1).ConstantInts();
        node.Require(shape.Length >= input.Rank && Array.TrueForAll(shape, size => size >= 0), "the input does not broadcast to the shape");
        for (int i = 1; i <= input.Rank; i++)
            node.Require(input.Shape[^i] == shape[^i] || input.Shape[^i] == 1, "the input does not broadcast to the shape");
        return [new TensorSpec(input.Type, shape)];
    }

    // The shape says how many samples there are.
    public override bool KeepsSamplesApart(Node node, IReadOnlySet<Tensor> batched) => false;

    public override Foldable Takes(Node node) => Foldable.Nothing;

    public override Kernel CreateKernel(Node node, AssembledCode? code)
    {
        Tensor input = node.Input(0);
        int[] dense = StridedCopy.DenseStrides(input.Shape), strides = new int[node.Output.Rank];
        for (int i = 1; i <= input.Rank; i++)
            strides[^i] = input.Shape[^i] == 1 ? 0 : dense[^i];
        return SliceOperator.Copy(node, 0, strides);
    }
}
