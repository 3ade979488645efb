using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Kernels.Elementwise;

/// <summary>SOFTMAX over the last dimension.</summary>
internal sealed class SoftmaxOperator : KernelOperator
{
    public override TensorSpec[] Infer(Node node)
    {
        node.Require(node.Input(0).Rank > 0, "the input has no dimension");
        return [TensorSpec.Of(node.Input(0))];
    }

    public override bool KeepsSamplesApart(Node node, IReadOnlySet<Tensor> batched) => node.Input(0).Rank > 1;

    public override Foldable Takes(Node node) => Foldable.Nothing;

    public override Kernel CreateKernel(Node node, AssembledCode? code)
    {
        SoftmaxOptions options = SoftmaxOptions.Read(node.Options);
        Tensor input = node.Input(0), output = node.Output;
        int length = input.Shape[^1], rows = input.Elements / length;
        if (input.Type == TensorType.Float32)
            return new SoftmaxF32Kernel(rows, length, options.Beta);
        if (!input.IsQuantized8 || !output.IsQuantized8)
            throw node.UnsupportedTypes();
        return new SoftmaxInt8Kernel(
            rows, length, input.Scale * options.Beta, output.Scale, output.ZeroPoint, input.Type == TensorType.UInt8);
    }
}
