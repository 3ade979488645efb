using System.Numerics;
using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Kernels.Movement;

/// <summary>ONE_HOT of a constant depth, with a value where the index says and another elsewhere.</summary>
internal sealed class OneHotOperator : KernelOperator
{
    public override TensorSpec[] Infer(Node node)
    {
        Tensor indices = node.Input(0), on = node.Input(2);
        int[] depth = node.Input(1).ConstantInts(1);
        node.Require(depth is [>= 0], "the depth is not one number of at least 0");
        node.Require(on.Elements == 1 && node.Input(3).Elements == 1 && on.Type == node.Input(3).Type, "the values do not fit");
        int axis = Axis(node);
        return [new TensorSpec(on.Type, [.. indices.Shape[..axis], depth[0], .. indices.Shape[axis..]])];
    }

    public override bool KeepsSamplesApart(Node node, IReadOnlySet<Tensor> batched) =>
        OnlyFirst(node, batched) && node.Input(0).Rank > 0 && Axis(node) != 0;

    public override Foldable Takes(Node node) => Foldable.Nothing;

    public override Kernel CreateKernel(Node node, AssembledCode? code)
    {
        Tensor on = node.Input(2);
        node.Require(
            !on.IsQuantized8 || (on.HasGridOf(node.Input(3)) && on.HasGridOf(node.Output)),
            "values and output must have the same quantization");
        return node.Input(0).Type switch
        {
            TensorType.Int32 => Create<int>(node),
            TensorType.Int64 => Create<long>(node),
            _ => throw node.UnsupportedTypes(),
        };
    }

    private static int Axis(Node node)
    {
        int rank = node.Input(0).Rank, axis = OneHotOptions.Read(node.Options).Axis;
        return axis == -1 ? rank : Axes.Normalize(node, axis, rank + 1);
    }

    private static Kernel Create<TIndex>(Node node)
        where TIndex : unmanaged, INumber<TIndex>
    {
        int[] shape = node.Output.Shape;
        int axis = Axis(node), outer = shape[..axis].Aggregate(1, (a, b) => a * b);
        int inner = shape[(axis + 1)..].Aggregate(1, (a, b) => a * b);
        return node.Output.Type.Size() switch
        {
            1 => new OneHotKernel<byte, TIndex>(outer, shape[axis], inner),
            2 => new OneHotKernel<ushort, TIndex>(outer, shape[axis], inner),
            4 => new OneHotKernel<uint, TIndex>(outer, shape[axis], inner),
            _ => new OneHotKernel<ulong, TIndex>(outer, shape[axis], inner),
        };
    }
}
