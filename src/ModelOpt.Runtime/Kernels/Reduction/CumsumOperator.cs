using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Kernels.Movement;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Kernels.Reduction;

/// <summary>CUMSUM along one constant axis.</summary>
internal sealed class CumsumOperator : KernelOperator
{
    public override TensorSpec[] Infer(Node node)
    {
        SplitOperator.Axis(node, node.Input(1), node.Input(0));
        return [TensorSpec.Of(node.Input(0))];
    }

    public override bool KeepsSamplesApart(Node node, IReadOnlySet<Tensor> batched) =>
        OnlyFirst(node, batched) && SplitOperator.Axis(node, node.Input(1), node.Input(0)) != 0;

    public override Foldable Takes(Node node) => Foldable.Nothing;

    public override Kernel CreateKernel(Node node, AssembledCode? code)
    {
        Tensor input = node.Input(0);
        var lines = AxisLines.Of(input.Shape, SplitOperator.Axis(node, node.Input(1), input));
        CumsumOptions options = CumsumOptions.Read(node.Options);
        return input.Type switch
        {
            TensorType.Float32 => new CumsumKernel<float>(lines, options.Exclusive, options.Reverse),
            TensorType.Int32 => new CumsumKernel<int>(lines, options.Exclusive, options.Reverse),
            TensorType.Int64 => new CumsumKernel<long>(lines, options.Exclusive, options.Reverse),
            TensorType.UInt64 => new CumsumKernel<ulong>(lines, options.Exclusive, options.Reverse),
            _ => throw node.UnsupportedTypes(),
        };
    }
}
