using System.Numerics;
using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Plan;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Operators;

/// <summary>ADD, SUB, MUL, DIV, MINIMUM and MAXIMUM, with broadcasting.</summary>
internal static class ArithmeticOperator
{
    public static Kernel Create(Node node)
    {
        Tensor left = node.Input(0), right = node.Input(1), output = node.Output;
        if (left.Type != right.Type || left.Type != output.Type)
            throw node.UnsupportedTypes();
        ActivationFunction activation = node.Operator is BuiltinOperator.Minimum or BuiltinOperator.Maximum
            ? ActivationFunction.None
            : (ActivationFunction)node.Options.Byte(0);
        BroadcastShape shape;
        try
        {
            shape = new BroadcastShape(left.Shape, right.Shape, output.Shape);
        }
        catch (ArgumentException e)
        {
            throw node.Error(e.Message);
        }
        switch (output.Type)
        {
            case TensorType.Float32:
                (float min, float max) = ActivationRange.Float(node, activation);
                return node.Operator == BuiltinOperator.Div
                    ? new BinaryKernel<float, DivideOperation>(shape, min, max)
                    : Number(node, shape, min, max);
            case TensorType.Int32:
                node.Require(activation == ActivationFunction.None, "no activation can be fused for int32");
                return node.Operator == BuiltinOperator.Div
                    ? new IntegerDivideKernel<int>(shape)
                    : Number(node, shape, int.MinValue, int.MaxValue);
            case TensorType.Int64:
                node.Require(activation == ActivationFunction.None, "no activation can be fused for int64");
                return node.Operator == BuiltinOperator.Div
                    ? new IntegerDivideKernel<long>(shape)
                    : Number(node, shape, long.MinValue, long.MaxValue);
            case TensorType.Int8 or TensorType.UInt8:
                return Quantized(node, shape, activation);
            default:
                throw node.UnsupportedTypes();
        }
    }

    private static Kernel Number<T>(Node node, BroadcastShape shape, T min, T max)
        where T : unmanaged, INumber<T>, IMinMaxValue<T> => node.Operator switch
    {
        BuiltinOperator.Add => new BinaryKernel<T, AddOperation<T>>(shape, min, max),
        BuiltinOperator.Sub => new BinaryKernel<T, SubtractOperation<T>>(shape, min, max),
        BuiltinOperator.Mul => new BinaryKernel<T, MultiplyOperation<T>>(shape, min, max),
        BuiltinOperator.Minimum => new BinaryKernel<T, MinimumOperation<T>>(shape, min, max),
        _ => new BinaryKernel<T, MaximumOperation<T>>(shape, min, max),
    };

    private static Kernel Quantized(Node node, BroadcastShape shape, ActivationFunction activation)
    {
        Tensor left = node.Input(0), right = node.Input(1), output = node.Output;
        bool unsigned = output.Type == TensorType.UInt8;
        int shift = unsigned ? 128 : 0;
        byte flip = (byte)(unsigned ? 0x80 : 0);
        (int min, int max) = ActivationRange.Quantized(node, activation);
        var q = new BinaryQuantization(
            left.Scale, left.ZeroPoint - shift, right.Scale, right.ZeroPoint - shift, output.Scale, output.ZeroPoint - shift);
        return node.Operator switch
        {
            BuiltinOperator.Add => Kernel(new QuantizedAdd(q), 0),
            BuiltinOperator.Mul => Kernel(new QuantizedMultiply(q), 0),
            BuiltinOperator.Sub => Kernel(new QuantizedByFloat<SubtractOperation<float>>(q), q.OutputZero),
            BuiltinOperator.Div => Kernel(new QuantizedByFloat<DivideOperation>(q), q.OutputZero),
            BuiltinOperator.Minimum => Kernel(new QuantizedByFloat<MinimumOperation<float>>(q), q.OutputZero),
            _ => Kernel(new QuantizedByFloat<MaximumOperation<float>>(q), q.OutputZero),
        };

        BinaryQ8Kernel<T> Kernel<T>(T operation, int zeroPoint)
            where T : struct, IQuantizedOperation =>
            new(shape, operation, zeroPoint, min - shift, max - shift, flip);
    }
}
