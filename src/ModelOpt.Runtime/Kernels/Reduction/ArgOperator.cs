using System.Numerics;
using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Kernels.Movement;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Kernels.Reduction;

/// <summary>ARG_MAX and ARG_MIN along one constant axis.</summary>
internal sealed class ArgOperator : KernelOperator
{
    public override TensorSpec[] Infer(Node node)
    {
        Tensor input = node.Input(0);
        int axis = SplitOperator.Axis(node, node.Input(1), input);
        node.Require(input.Shape[axis] > 0, "there is no element to find");
        var type = (TensorType)node.Options.Byte(0);
        // int32 where the file does not say.
        return [new TensorSpec(type == TensorType.Int64 ? type : TensorType.Int32, Axes.Remove(input.Shape, axis))];
    }

    public override bool KeepsSamplesApart(Node node, IReadOnlySet<Tensor> batched) =>
        OnlyFirst(node, batched) && SplitOperator.Axis(node, node.Input(1), node.Input(0)) != 0;

    public override Foldable Takes(Node node) => Foldable.Nothing;

    public override Kernel CreateKernel(Node node, AssembledCode? code) => node.Input(0).Type switch
    {
        TensorType.Float32 => Create<float>(node),
        TensorType.Int8 => Create<sbyte>(node),
        TensorType.UInt8 or TensorType.Bool => Create<byte>(node),
        TensorType.Int32 => Create<int>(node),
        TensorType.Int64 => Create<long>(node),
        TensorType.UInt64 => Create<ulong>(node),
        _ => throw node.UnsupportedTypes(),
    };

    private static Kernel Create<T>(Node node)
        where T : unmanaged, INumber<T>
    {
        Tensor input = node.Input(0);
        var lines = AxisLines.Of(input.Shape, SplitOperator.Axis(node, node.Input(1), input));
        bool greatest = node.Operator == BuiltinOperator.ArgMax;
        return node.Output.Type == TensorType.Int64 ? new ArgKernel<T, long>(lines, greatest) : new ArgKernel<T, int>(lines, greatest);
    }
}
