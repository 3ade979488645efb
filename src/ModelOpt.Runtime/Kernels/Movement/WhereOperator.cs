using System.Numerics;
using System.Runtime.InteropServices;
using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Kernels.Movement;

/// <summary>WHERE of one input: the places of its elements that are not zero, a row for each.</summary>
internal sealed class WhereOperator : KernelOperator, ICountingOperator
{
    public override TensorSpec[] Infer(Node node)
    {
        Tensor input = node.Input(0);
        node.Require(node.Inputs.Length == 1, "it selects nothing: it has one input");
        int count = node.Count ?? Count(input, input.ConstantBytes());
        return [new TensorSpec(TensorType.Int64, [count, input.Rank])];
    }

    public int Count(Tensor input, ReadOnlySpan<byte> values) => input.Type switch
    {
        TensorType.Bool or TensorType.UInt8 or TensorType.Int8 => Count<byte>(values),
        TensorType.Int32 => Count<int>(values),
        TensorType.UInt32 => Count<uint>(values),
        TensorType.Int64 => Count<long>(values),
        TensorType.Float32 => Count<float>(values),
        _ => throw input.Error($"is {input.Type}, whose places are not searched"),
    };

    public override bool KeepsSamplesApart(Node node, IReadOnlySet<Tensor> batched) => false;

    public override Foldable Takes(Node node) => Foldable.Nothing;

    public override Kernel CreateKernel(Node node, AssembledCode? code)
    {
        int[] shape = node.Input(0).Shape;
        return node.Input(0).Type switch
        {
            TensorType.Bool or TensorType.UInt8 or TensorType.Int8 => new WhereKernel<byte>(shape),
            TensorType.Int32 => new WhereKernel<int>(shape),
            TensorType.UInt32 => new WhereKernel<uint>(shape),
            TensorType.Int64 => new WhereKernel<long>(shape),
            TensorType.Float32 => new WhereKernel<float>(shape),
            _ => throw node.UnsupportedTypes(),
        };
    }

    private static int Count<T>(ReadOnlySpan<byte> values)
        where T : unmanaged, INumber<T>
    {
        int count = 0;
        foreach (T value in MemoryMarshal.Cast<byte, T>(values))
            count += T.IsZero(value) ? 0 : 1;
        return count;
    }
}
