using System.Buffers.Binary;
using System.Numerics;
using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Kernels.Movement;

/// <summary>RANGE: numbers from input 0 to before input 1, input 2 apart.</summary>
internal sealed class RangeOperator : KernelOperator
{
    public override TensorSpec[] Infer(Node node)
    {
        TensorType type = node.Input(0).Type;
        for (int i = 0; i < 3; i++)
            node.Require(node.Input(i).Type == type && node.Input(i).Elements == 1, "start, limit and delta are not one number of one "
                + "type");
        long count = type switch
        {
            TensorType.Int32 => Count<Int128>(node, t => BinaryPrimitives.ReadInt32LittleEndian(t.ConstantBytes())),
            TensorType.Int64 => Count<Int128>(node, t => BinaryPrimitives.ReadInt64LittleEndian(t.ConstantBytes())),
            TensorType.Float32 => Count<double>(node, t => BinaryPrimitives.ReadSingleLittleEndian(t.ConstantBytes())),
            _ => throw node.UnsupportedTypes(),
        };
        node.Require(count <= Tensor.MaxBytes, "there are too many numbers");
        return [new TensorSpec(type, [(int)count])];
    }

    public override bool KeepsSamplesApart(Node node, IReadOnlySet<Tensor> batched) => false;

    public override Foldable Takes(Node node) => Foldable.Nothing;

    public override Kernel CreateKernel(Node node, AssembledCode? code) => node.Output.Type switch
    {
        TensorType.Int32 => new RangeKernel<int>(node.Output.Elements),
        TensorType.Int64 => new RangeKernel<long>(node.Output.Elements),
        _ => new RangeKernel<float>(node.Output.Elements),
    };

    private static long Count<T>(Node node, Func<Tensor, T> read)
        where T : INumber<T>
    {
        T start = read(node.Input(0)), limit = read(node.Input(1)), delta = read(node.Input(2));
        node.Require(delta != T.Zero && !T.IsNaN(start) && !T.IsNaN(limit) && !T.IsNaN(delta), "delta is zero, or not a number");
        if (typeof(T) == typeof(double))
            return (long)Math.Clamp(Math.Ceiling(double.CreateTruncating((limit - start) / delta)), 0, long.MaxValue / 2);
        T span = limit - start, whole = span / delta;
        if (whole * delta != span && T.IsNegative(span) == T.IsNegative(delta))
            whole++;
        return long.CreateSaturating(T.Max(T.Zero, whole));
    }
}
