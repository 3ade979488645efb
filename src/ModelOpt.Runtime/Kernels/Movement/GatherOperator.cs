using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Kernels.Movement;

/// <summary>GATHER along one axis.</summary>
internal sealed class GatherOperator : KernelOperator
{
    public override TensorSpec[] Infer(Node node)
    {
        GatherOptions options = GatherOptions.Read(node.Options);
        Tensor input = node.Input(0), indices = node.Input(1);
        node.Require(options.BatchDimensions == 0, "batch dimensions are not supported");
        int axis = Axes.Normalize(node, options.Axis, input.Rank);
        return [new TensorSpec(input.Type, [.. input.Shape[..axis], .. indices.Shape, .. input.Shape[(axis + 1)..]])];
    }

    // The output has the indices' dimensions in place of the axis.
    public override bool KeepsSamplesApart(Node node, IReadOnlySet<Tensor> batched)
    {
        bool isFirst = Axes.Normalize(node, GatherOptions.Read(node.Options).Axis, node.Input(0).Rank) == 0;
        return batched.Contains(node.Input(0)) ? !isFirst && !batched.Contains(node.Input(1)) : isFirst;
    }

    public override Foldable Takes(Node node) => Foldable.Nothing;

    public override Kernel CreateKernel(Node node, AssembledCode? code)
    {
        Tensor input = node.Input(0), indices = node.Input(1), output = node.Output;
        int axis = Axes.Normalize(node, GatherOptions.Read(node.Options).Axis, input.Rank);
        int outer = input.Shape[..axis].Aggregate(1, (a, b) => a * b);
        int slice = output.Bytes / Math.Max(1, outer * indices.Elements);
        return indices.Type switch
        {
            TensorType.Int32 => new GatherKernel<int>(output.Name, outer, input.Shape[axis], indices.Elements, slice),
            TensorType.Int64 => new GatherKernel<long>(output.Name, outer, input.Shape[axis], indices.Elements, slice),
            _ => throw node.UnsupportedTypes(),
        };
    }
}
