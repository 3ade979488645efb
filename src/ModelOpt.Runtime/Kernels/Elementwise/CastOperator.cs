using System.Numerics;
using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Kernels.Elementwise;

/// <summary>CAST between numbers; bool counts as 0 and 1.</summary>
internal sealed class CastOperator : KernelOperator
{
    public override TensorSpec[] Infer(Node node) => [new TensorSpec(node.Output.Type, node.Input(0).Shape)];

    public override bool KeepsSamplesApart(Node node, IReadOnlySet<Tensor> batched) => OnlyFirst(node, batched);

    public override Foldable Takes(Node node) => Foldable.Nothing;

    public override Kernel CreateKernel(Node node, AssembledCode? code)
    {
        return node.Input(0).Type switch
        {
            TensorType.Float32 => From<float>(node),
            TensorType.Float16 => From<Half>(node),
            TensorType.Float64 => From<double>(node),
            TensorType.Int8 => From<sbyte>(node),
            TensorType.UInt8 or TensorType.Bool => From<byte>(node),
            TensorType.Int16 => From<short>(node),
            TensorType.Int32 => From<int>(node),
            TensorType.Int64 => From<long>(node),
            TensorType.UInt16 => From<ushort>(node),
            TensorType.UInt32 => From<uint>(node),
            TensorType.UInt64 => From<ulong>(node),
            _ => throw node.UnsupportedTypes(),
        };
    }

    private static Kernel From<T>(Node node)
        where T : unmanaged, INumberBase<T>
    {
        int elements = node.Output.Elements;
        return node.Output.Type switch
        {
            TensorType.Float32 => new CastKernel<T, float>(elements),
            TensorType.Float16 => new CastKernel<T, Half>(elements),
            TensorType.Float64 => new CastKernel<T, double>(elements),
            TensorType.Int8 => new CastKernel<T, sbyte>(elements),
            TensorType.UInt8 => new CastKernel<T, byte>(elements),
            TensorType.Int16 => new CastKernel<T, short>(elements),
            TensorType.Int32 => new CastKernel<T, int>(elements),
            TensorType.Int64 => new CastKernel<T, long>(elements),
            TensorType.UInt16 => new CastKernel<T, ushort>(elements),
            TensorType.UInt32 => new CastKernel<T, uint>(elements),
            TensorType.UInt64 => new CastKernel<T, ulong>(elements),
            TensorType.Bool => new CastToBoolKernel<T>(elements),
            _ => throw node.UnsupportedTypes(),
        };
    }
}
