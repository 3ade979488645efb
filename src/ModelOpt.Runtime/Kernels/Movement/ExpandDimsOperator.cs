using ModelOpt.Runtime.Model;

namespace ModelOpt.Runtime.Kernels.Movement;

/// <summary>EXPAND_DIMS: a new dimension of 1 before the axis of input 1, or after the last for −1.</summary>
internal sealed class ExpandDimsOperator : ViewOperator
{
    public override TensorSpec[] Infer(Node node)
    {
        int[] shape = node.Input(0).Shape;
        int axis = Axis(node);
        return View(node, [.. shape[..axis], 1, .. shape[axis..]]);
    }

    public override bool KeepsSamplesApart(Node node, IReadOnlySet<Tensor> batched) => OnlyFirst(node, batched) && Axis(node) != 0;

    private static int Axis(Node node)
    {
        int[] given = node.Input(1).ConstantInts(1);
        node.Require(given.Length == 1, "the axis must be one constant");
        return Axes.Normalize(node, given[0], node.Input(0).Rank + 1);
    }
}
