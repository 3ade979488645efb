using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Kernels.Movement;

/// <summary>SCATTER_ND (indices, updates, shape), the shape a constant: updates of the same place are added.</summary>
internal sealed class ScatterNdOperator : KernelOperator
{
    public override TensorSpec[] Infer(Node node)
    {
        Tensor indices = node.Input(0), updates = node.Input(1);
        int[] shape = node.Input(2).ConstantInts();
        node.Require(indices.Type == TensorType.Int32 && indices.Rank > 0, "the indices are not int32 vectors");
        int depth = indices.Shape[^1];
        node.Require(depth > 0 && depth <= shape.Length && Array.TrueForAll(shape, s => s >= 0), "the shape does not fit the indices");
        int[] expected = [.. indices.Shape[..^1], .. shape[depth..]];
        node.Require(expected.AsSpan().SequenceEqual(updates.Shape), "the updates do not fit the indices and the shape");
        return [new TensorSpec(updates.Type, shape)];
    }

    public override bool KeepsSamplesApart(Node node, IReadOnlySet<Tensor> batched) => false;

    public override Foldable Takes(Node node) => Foldable.Nothing;

    public override Kernel CreateKernel(Node node, AssembledCode? code)
    {
        int depth = node.Input(0).Shape[^1];
        int[] sizes = node.Output.Shape[..depth];
        int slice = node.Output.Shape[depth..].Aggregate(1, (a, b) => a * b);
        node.Require(!node.Output.IsQuantized8, "quantized updates are not supported");
        return node.Output.Type switch
        {
            TensorType.Float32 => new ScatterNdKernel<float>(node.Output.Name, sizes, slice),
            TensorType.Int8 => new ScatterNdKernel<sbyte>(node.Output.Name, sizes, slice),
            TensorType.UInt8 => new ScatterNdKernel<byte>(node.Output.Name, sizes, slice),
            TensorType.Int32 => new ScatterNdKernel<int>(node.Output.Name, sizes, slice),
            TensorType.Int64 => new ScatterNdKernel<long>(node.Output.Name, sizes, slice),
            _ => throw node.UnsupportedTypes(),
        };
    }
}
