using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Kernels.Movement;

/// <summary>
/// UNSORTED_SEGMENT_MAX (data, ids, count), the count a constant: the greatest of the slices that have an id, and the lowest number there
/// is where none has it.
/// </summary>
internal sealed class UnsortedSegmentMaxOperator : KernelOperator
{
    public override TensorSpec[] Infer(Node node)
    {
        Tensor data = node.Input(0), ids = node.Input(1);
        int[] count = node.Input(2).ConstantInts(1);
        node.Require(count is [>= 0], "the count is not one number of at least 0");
        node.Require(
            ids.Type == TensorType.Int32 && ids.Rank <= data.Rank && data.Shape.AsSpan(0, ids.Rank).SequenceEqual(ids.Shape),
            "the ids do not fit the data");
        return [new TensorSpec(data.Type, [count[0], .. data.Shape[ids.Rank..]])];
    }

    public override bool KeepsSamplesApart(Node node, IReadOnlySet<Tensor> batched) => false;

    public override Foldable Takes(Node node) => Foldable.Nothing;

    public override Kernel CreateKernel(Node node, AssembledCode? code)
    {
        int count = node.Output.Shape[0], slice = node.Output.Shape[1..].Aggregate(1, (a, b) => a * b);
        return node.Output.Type switch
        {
            TensorType.Float32 => new UnsortedSegmentMaxKernel<float>(node.Output.Name, count, slice),
            TensorType.Int32 => new UnsortedSegmentMaxKernel<int>(node.Output.Name, count, slice),
            _ => throw node.UnsupportedTypes(),
        };
    }
}
