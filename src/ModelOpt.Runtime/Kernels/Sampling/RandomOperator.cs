using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Kernels.Sampling;

/// <summary>RANDOM_UNIFORM of [0, 1) and RANDOM_STANDARD_NORMAL: as many float32 as input 0 says.</summary>
internal sealed class RandomOperator : KernelOperator, IRandomOperator
{
    public override TensorSpec[] Infer(Node node)
    {
        int[] shape = node.Input(0).ConstantInts();
        node.Require(Array.TrueForAll(shape, size => size >= 0), "a size is negative");
        return [new TensorSpec(TensorType.Float32, shape)];
    }

    public override bool KeepsSamplesApart(Node node, IReadOnlySet<Tensor> batched) => false;

    public override Foldable Takes(Node node) => Foldable.Nothing;

    public override Kernel CreateKernel(Node node, AssembledCode? code) => new RandomKernel(
        RandomOptions.Read(node.Options), node.Operator == BuiltinOperator.RandomStandardNormal, node.Calls, node.Output.Elements);
}
