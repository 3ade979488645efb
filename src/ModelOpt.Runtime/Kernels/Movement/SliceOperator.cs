using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Kernels.Movement;

/// <summary>SLICE with constant bounds; a size of −1 goes to the end.</summary>
internal sealed class SliceOperator : KernelOperator
{
    public override TensorSpec[] Infer(Node node)
    {
        Tensor input = node.Input(0);
        int[] begin = node.Input(1).ConstantInts(), size = node.Input(2).ConstantInts(), shape = new int[input.Rank];
        node.Require(
            begin.Length == input.Rank && size.Length == input.Rank, "begin and size must have one element for each dimension");
        for (int i = 0; i < shape.Length; i++)
        {
            long length = size[i] == -1 ? (long)input.Shape[i] - begin[i] : size[i];
            node.Require(
                begin[i] >= 0 && length >= 0 && begin[i] + length <= input.Shape[i], $"dimension {i} of the slice does not fit");
            shape[i] = (int)length;
        }

        return [new TensorSpec(input.Type, shape)];
    }

    public override bool KeepsSamplesApart(Node node, IReadOnlySet<Tensor> batched) =>
        OnlyFirst(node, batched) && node.Input(1).ConstantInts() is [0, ..];

    public override Foldable Takes(Node node) => Foldable.Nothing;

    public override Kernel CreateKernel(Node node, AssembledCode? code)
    {
        int[] begin = node.Input(1).ConstantInts(), strides = StridedCopy.DenseStrides(node.Input(0).Shape);
        int start = 0;
        for (int i = 0; i < begin.Length; i++)
            start += begin[i] * strides[i];
        return Copy(node, start, strides);
    }

    /// <summary>Copies a box of input 0, from its element <paramref name="start"/>.</summary>
    public static CopyKernel Copy(Node node, int start, int[] strides)
    {
        Tensor output = node.Output;
        var copy = new StridedCopy(
            output.Type.Size(), output.Shape, start, strides, 0, StridedCopy.DenseStrides(output.Shape));
        return new CopyKernel([new CopyPart(copy, 0, 0)], []);
    }
}
