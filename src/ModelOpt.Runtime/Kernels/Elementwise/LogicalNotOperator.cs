using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Kernels.Elementwise;

/// <summary>LOGICAL_NOT.</summary>
internal sealed class LogicalNotOperator : KernelOperator
{
    public override TensorSpec[] Infer(Node node) =>
        node.Input(0).Type == TensorType.Bool ? [TensorSpec.Of(node.Input(0))] : throw node.UnsupportedTypes();

    public override bool KeepsSamplesApart(Node node, IReadOnlySet<Tensor> batched) => OnlyFirst(node, batched);

    public override Foldable Takes(Node node) => Foldable.Nothing;

    public override Kernel CreateKernel(Node node, AssembledCode? code)
    {
        byte[] table = new byte[256];
        table[0] = 1;
        return new LookupTableKernel(node.Output.Elements, table);
    }
}
