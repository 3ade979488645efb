using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Kernels.Movement;

/// <summary>PAD (with zeros, or the zero point) and PADV2 (with a given or computed value).</summary>
internal sealed class PadOperator : KernelOperator
{
    public override TensorSpec[] Infer(Node node)
    {
        Tensor input = node.Input(0);
        int[] paddings = Paddings(node), shape = new int[input.Rank];
        for (int i = 0; i < shape.Length; i++)
            shape[i] = checked(input.Shape[i] + paddings[2 * i] + paddings[(2 * i) + 1]);
        return [new TensorSpec(input.Type, shape)];
    }

    public override bool KeepsSamplesApart(Node node, IReadOnlySet<Tensor> batched) =>
        OnlyFirst(node, batched) && Paddings(node) is [0, 0, ..];

    public override Foldable Takes(Node node) => Foldable.Nothing;

    public override Kernel CreateKernel(Node node, AssembledCode? code)
    {
        Tensor input = node.Input(0), output = node.Output;
        int[] paddings = Paddings(node);
        int[] strides = StridedCopy.DenseStrides(output.Shape);
        long start = 0;
        for (int i = 0; i < input.Rank; i++)
            start += (long)paddings[2 * i] * strides[i];
        if (input.Elements == 0)
            start = 0;
        var copy = new StridedCopy(
            input.Type.Size(), input.Shape, 0, StridedCopy.DenseStrides(input.Shape), (int)start, strides);
        bool isComputed = node.Operator == BuiltinOperator.PadV2 && !Value(node).IsConstant;
        return new CopyKernel([new CopyPart(copy, 0, 0)], isComputed ? [] : FillValue(node), isComputed ? 2 : -1);
    }

    /// <summary>Elements before and after each dimension, in turn.</summary>
    public static int[] Paddings(Node node)
    {
        Tensor input = node.Input(0), paddings = node.Input(1);
        node.Require(
            paddings.Rank == 2 && paddings.Shape[0] == input.Rank && paddings.Shape[1] == 2,
            "padding must have shape [rank, 2]");
        int[] values = paddings.ConstantInts(2 * Tensor.MaxRank);
        foreach (int value in values)
            node.Require(value >= 0, "padding must not be negative");
        return values;
    }

    /// <summary>Bytes of the element that is padded with; a constant.</summary>
    public static byte[] FillValue(Node node) =>
        node.Operator == BuiltinOperator.PadV2 ? Value(node).ConstantBytes().ToArray() : Zero(node.Output);

    private static Tensor Value(Node node)
    {
        Tensor value = node.Input(2);
        node.Require(value.Elements == 1 && value.Type == node.Output.Type, "the value must be one element of the input's type");
        return value;
    }

    /// <summary>Bytes of an element that stands for 0.</summary>
    public static byte[] Zero(Tensor tensor) =>
        tensor.IsQuantized8 ? [(byte)tensor.ZeroPoint] : new byte[tensor.Type.Size()];
}
