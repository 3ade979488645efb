using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Plan;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Operators;

/// <summary>PAD (with zeros, or the zero point) and PADV2 (with a given value).</summary>
internal static class PadOperator
{
    public static Kernel Create(Node node)
    {
        Tensor input = node.Input(0), output = node.Output;
        if (input.Type != output.Type)
            throw node.UnsupportedTypes();
        int[] paddings = Paddings(node);
        int[] strides = StridedCopy.DenseStrides(output.Shape);
        long start = 0;
        for (int i = 0; i < input.Rank; i++)
        {
            node.Require(
                (long)input.Shape[i] + paddings[2 * i] + paddings[(2 * i) + 1] == output.Shape[i],
                $"the output's dimension {i} does not fit the padding");
            start += (long)paddings[2 * i] * strides[i];
        }
        if (input.Elements == 0)
            start = 0;
        var copy = new StridedCopy(
            input.Type.Size(), input.Shape, 0, StridedCopy.DenseStrides(input.Shape), (int)start, strides);
        return new CopyKernel([new CopyPart(copy, 0, 0)], FillValue(node));
    }

    /// <summary>Elements before and after each dimension, in turn.</summary>
    public static int[] Paddings(Node node)
    {
        Tensor input = node.Input(0), paddings = node.Input(1);
        node.Require(
            paddings.Rank == 2 && paddings.Shape[0] == input.Rank && paddings.Shape[1] == 2 && node.Output.Rank == input.Rank,
            "padding must have shape [rank, 2]");
        int[] values = paddings.ConstantInts(2 * Tensor.MaxRank);
        foreach (int value in values)
            node.Require(value >= 0, "padding must not be negative");
        return values;
    }

    /// <summary>Bytes of the element that is padded with.</summary>
    public static byte[] FillValue(Node node)
    {
        Tensor output = node.Output;
        if (node.Operator == BuiltinOperator.PadV2)
        {
            Tensor value = node.Input(2);
            node.Require(
                value.Elements == 1 && value.Type == output.Type, "the value must be one element of the input's type");
            return value.ConstantBytes().ToArray();
        }
        byte[] fill = new byte[output.Type.Size()];
        if (output.IsQuantized8)
            fill[0] = (byte)output.ZeroPoint;
        return fill;
    }
}
