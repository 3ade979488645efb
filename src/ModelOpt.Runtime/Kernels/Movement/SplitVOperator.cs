using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Model;

namespace ModelOpt.Runtime.Kernels.Movement;

/// <summary>SPLIT_V (value, sizes, axis): outputs of the given sizes, one of which may be −1 for the rest.</summary>
internal sealed class SplitVOperator : KernelOperator
{
    public override TensorSpec[] Infer(Node node)
    {
        Tensor input = node.Input(0);
        int axis = SplitOperator.Axis(node, node.Input(2), input), length = input.Shape[axis];
        int[] sizes = node.Input(1).ConstantInts(node.Outputs.Length);
        node.Require(sizes.Length == node.Outputs.Length, "there must be one size for each output");
        int open = Array.IndexOf(sizes, -1);
        long sum = 0;
        for (int i = 0; i < sizes.Length; i++)
        {
            node.Require(i == open || sizes[i] >= 0, $"size {sizes[i]} is negative");
            sum += i == open ? 0 : sizes[i];
        }

        if (open >= 0)
            sizes[open] = (int)Math.Max(0, length - sum);
        node.Require(sum <= length && (open >= 0 || sum == length), $"the sizes add up to {sum} of {length} elements");
        return Array.ConvertAll(sizes, size => new TensorSpec(input.Type, Axes.Resize(input.Shape, axis, size)));
    }

    public override bool KeepsSamplesApart(Node node, IReadOnlySet<Tensor> batched) =>
        OnlyFirst(node, batched) && SplitOperator.Axis(node, node.Input(2), node.Input(0)) != 0;

    public override Foldable Takes(Node node) => Foldable.Nothing;

    public override Kernel CreateKernel(Node node, AssembledCode? code) =>
        SplitOperator.Create(node, 0, SplitOperator.Axis(node, node.Input(2), node.Input(0)));
}
