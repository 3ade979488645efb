using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Plan;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Operators;

/// <summary>SOFTMAX over the last dimension.</summary>
internal static class SoftmaxOperator
{
    public static Kernel Create(Node node)
    {
        SoftmaxOptions options = SoftmaxOptions.Read(node.Options);
        Tensor input = node.Input(0), output = node.Output;
        if (input.Type != output.Type)
            throw node.UnsupportedTypes();
        node.Require(
            input.Rank > 0 && input.Shape.AsSpan().SequenceEqual(output.Shape),
            "input and output have different shapes");
        int length = input.Shape[^1];
        int rows = length == 0 ? 0 : input.Elements / length;
        if (input.Type == TensorType.Float32)
            return new SoftmaxF32(rows, length, options.Beta);
        if (!input.IsQuantized8 || !output.IsQuantized8)
            throw node.UnsupportedTypes();
        return new SoftmaxInt8(
            rows, length, input.Scale * options.Beta, output.Scale, output.ZeroPoint, input.Type == TensorType.UInt8);
    }
}
