using ModelOpt.Runtime.FlatBuffers;
using ModelOpt.Runtime.Model;

namespace ModelOpt.Runtime.Kernels.Movement;

/// <summary>SQUEEZE: removes the given dimensions of 1, or all of them where none is given.</summary>
internal sealed class SqueezeOperator : ViewOperator
{
    public override TensorSpec[] Infer(Node node)
    {
        bool[] removed = Removed(node);
        return View(node, [.. node.Input(0).Shape.Where((_, axis) => !removed[axis])]);
    }

    public override bool KeepsSamplesApart(Node node, IReadOnlySet<Tensor> batched) => OnlyFirst(node, batched) && !Removed(node)[0];

    private static bool[] Removed(Node node)
    {
        int[] shape = node.Input(0).Shape;
        Int32Vector axes = node.Options.Int32s(0);
        bool all = axes.Length == 0;
        bool[] removed = Array.ConvertAll(shape, size => all && size == 1);
        for (int i = 0; i < axes.Length; i++)
        {
            int axis = Axes.Normalize(node, axes[i], shape.Length);
            node.Require(shape[axis] == 1, $"dimension {axis} is {shape[axis]}, not 1");
            removed[axis] = true;
        }

        return removed;
    }
}
