using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Kernels.Reduction;

/// <summary>TOPK_V2 along the last dimension; how many is a constant.</summary>
internal sealed class TopKOperator : KernelOperator
{
    public override TensorSpec[] Infer(Node node)
    {
        Tensor input = node.Input(0);
        int[] count = node.Input(1).ConstantInts(1);
        node.Require(input.Rank > 0 && count.Length == 1, "the input has no dimension, or the number is not one");
        node.Require(count[0] >= 0 && count[0] <= input.Shape[^1], $"{count[0]} elements are asked of {input.Shape[^1]}");
        int[] shape = [.. input.Shape[..^1], count[0]];
        return [new TensorSpec(input.Type, shape), new TensorSpec(TensorType.Int32, shape)];
    }

    public override bool KeepsSamplesApart(Node node, IReadOnlySet<Tensor> batched) =>
        OnlyFirst(node, batched) && node.Input(0).Rank > 1;

    public override Foldable Takes(Node node) => Foldable.Nothing;

    public override Kernel CreateKernel(Node node, AssembledCode? code)
    {
        Tensor input = node.Input(0), output = node.Output;
        node.Require(!input.IsQuantized8 || input.HasGridOf(output), "input and output have different scales");
        int length = input.Shape[^1], rows = input.Elements / Math.Max(1, length), count = output.Shape[^1];
        return input.Type switch
        {
            TensorType.Float32 => new TopKKernel<float>(rows, length, count),
            TensorType.Int8 => new TopKKernel<sbyte>(rows, length, count),
            TensorType.UInt8 => new TopKKernel<byte>(rows, length, count),
            TensorType.Int32 => new TopKKernel<int>(rows, length, count),
            TensorType.Int64 => new TopKKernel<long>(rows, length, count),
            TensorType.UInt64 => new TopKKernel<ulong>(rows, length, count),
            _ => throw node.UnsupportedTypes(),
        };
    }
}
