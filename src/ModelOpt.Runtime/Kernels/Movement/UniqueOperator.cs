using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Kernels.Movement;

/// <summary>
/// modelopt.Unique of rows [count, width]: three of int64 [count]. Where each row that differs comes first, filled with −1; which of them
/// each row is; how often each comes, filled with 0.
/// </summary>
internal sealed class UniqueOperator : KernelOperator
{
    public override TensorSpec[] Infer(Node node)
    {
        node.Require(node.Input(0).Rank == 2, "there are no rows");
        node.Require(node.Outputs.Length == 3, "it has no three outputs");
        var spec = new TensorSpec(TensorType.Int64, [node.Input(0).Shape[0]]);
        return [spec, spec, spec];
    }

    public override bool KeepsSamplesApart(Node node, IReadOnlySet<Tensor> batched) => false;

    public override Foldable Takes(Node node) => Foldable.Nothing;

    public override Kernel CreateKernel(Node node, AssembledCode? code) => node.Input(0).Type switch
    {
        TensorType.Bool or TensorType.UInt8 => Create<byte>(node),
        TensorType.Int8 => Create<sbyte>(node),
        TensorType.UInt16 => Create<ushort>(node),
        TensorType.Int16 => Create<short>(node),
        TensorType.UInt32 => Create<uint>(node),
        TensorType.Int32 => Create<int>(node),
        TensorType.UInt64 => Create<ulong>(node),
        TensorType.Int64 => Create<long>(node),
        TensorType.Float32 => Create<float>(node),
        _ => throw node.UnsupportedTypes(),
    };

    private static UniqueKernel<T> Create<T>(Node node)
        where T : unmanaged, System.Numerics.INumber<T> =>
        new(node.Input(0).Shape[0], node.Input(0).Shape[1], UniqueOptions.Read(node.Options).IsSorted);
}
