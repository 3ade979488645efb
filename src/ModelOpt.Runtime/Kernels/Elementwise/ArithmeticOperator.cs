using System.Numerics;
using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Assembled;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Simd;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Kernels.Elementwise;

/// <summary>ADD, SUB, MUL, DIV, MINIMUM and MAXIMUM, with broadcasting.</summary>
internal sealed class ArithmeticOperator : KernelOperator
{
    public override TensorSpec[] Infer(Node node) => Broadcast(node);

    public override bool KeepsSamplesApart(Node node, IReadOnlySet<Tensor> batched) => PairsSamples(node, batched);

    public override Foldable Takes(Node node) => new(true, null);

    public override Kernel CreateKernel(Node node, AssembledCode? code)
    {
        Tensor left = node.Input(0), right = node.Input(1), output = node.Output;
        ActivationFunction activation = Activation(node);
        var shape = new BroadcastShape(left.Shape, right.Shape, output.Shape);
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
            case TensorType.UInt64:
                node.Require(activation == ActivationFunction.None, "no activation can be fused for uint64");
                return node.Operator == BuiltinOperator.Div
                    ? new IntegerDivideKernel<ulong>(shape)
                    : Number(node, shape, ulong.MinValue, ulong.MaxValue);
            case TensorType.Int8 or TensorType.UInt8:
                return Quantized(node, shape, activation);
            default:
                throw node.UnsupportedTypes();
        }
    }

    /// <summary>The activation that is fused into the operator.</summary>
    public static ActivationFunction Activation(Node node) => node.Operator is BuiltinOperator.Minimum or BuiltinOperator.Maximum
        ? ActivationFunction.None
        : (ActivationFunction)node.Options.Byte(0);

    /// <summary>The operator on two float32 numbers, with the bits of its kernel.</summary>
    public static Func<float, float, float> Float(Node node) => node.Operator switch
    {
        BuiltinOperator.Add => AddOperation<float>.Apply,
        BuiltinOperator.Sub => SubtractOperation<float>.Apply,
        BuiltinOperator.Mul => MultiplyOperation<float>.Apply,
        BuiltinOperator.Div => DivideOperation.Apply,
        BuiltinOperator.Minimum => MinimumOperation<float>.Apply,
        _ => MaximumOperation<float>.Apply,
    };

    private static Kernel Number<T>(Node node, BroadcastShape shape, T min, T max)
        where T : unmanaged, INumber<T>, IMinMaxValue<T> => node.Operator switch
    {
        BuiltinOperator.Add => new BinaryKernel<T, AddOperation<T>>(shape, min, max),
        BuiltinOperator.Sub => new BinaryKernel<T, SubtractOperation<T>>(shape, min, max),
        BuiltinOperator.Mul => new BinaryKernel<T, MultiplyOperation<T>>(shape, min, max),
        BuiltinOperator.Minimum => new BinaryKernel<T, MinimumOperation<T>>(shape, min, max),
        _ => new BinaryKernel<T, MaximumOperation<T>>(shape, min, max),
    };

    /// <summary>8-bit kernel that dequantizes, operates in float32 and quantizes.</summary>
    public static Kernel CreateByFloat<TOperation>(Node node, BroadcastShape shape, ActivationFunction activation)
        where TOperation : struct, IFloatOperation
    {
        BinaryQuantization q = Quantization(node);
        return Create(node, shape, activation, new QuantizedByFloat<TOperation>(q), q.OutputZero);
    }

    /// <summary>An int8 ADD as the epilogue of the layer that computes its operand <paramref name="side"/>.</summary>
    public static ResidualAdd Residual(Node node, int side)
    {
        var operation = new QuantizedAdd(Quantization(node));
        (int min, int max) = ActivationRange.Quantized(node, Activation(node));
        return new ResidualAdd(
            side == 0 ? ResidualSide.Right : ResidualSide.Left, operation.LeftFactor, operation.RightFactor, operation.Offset, min, max);
    }

    private static Kernel Quantized(Node node, BroadcastShape shape, ActivationFunction activation) =>
        node.Operator switch
        {
            BuiltinOperator.Add => Create(node, shape, activation, new QuantizedAdd(Quantization(node)), -QuantizedAdd.Shift),
            BuiltinOperator.Mul => (Kernel?)ScaleChannels(node, activation)
                ?? Create(node, shape, activation, new QuantizedMultiply(Quantization(node)), 0),
            BuiltinOperator.Sub => CreateByFloat<SubtractFloat>(node, shape, activation),
            BuiltinOperator.Div => CreateByFloat<DivideFloat>(node, shape, activation),
            BuiltinOperator.Minimum => CreateByFloat<MinimumFloat>(node, shape, activation),
            _ => CreateByFloat<MaximumFloat>(node, shape, activation),
        };

    /// <summary>The kernel for pixels times one factor for each channel; null if the product is something else.</summary>
    private static ScaleChannelsInt8Kernel? ScaleChannels(Node node, ActivationFunction activation)
    {
        BinaryQuantization quantization = Quantization(node);
        if (ActivationRange.Quantized(node, activation) != (node.Output.TypeMin, node.Output.TypeMax)
            || !ScaleChannelsInt8Kernel.Fits(quantization))
            return null;
        for (int side = 0; side < 2; side++)
        {
            var shape = new BroadcastShape(node.Input(side).Shape, node.Input(1 - side).Shape, node.Output.Shape);
            if (shape.RightRowRepeats)
                return new ScaleChannelsInt8Kernel(shape.Rows, shape.Length, quantization, (byte)Shift(node), SimdTiers.Best, side);
        }

        return null;
    }

    private static BinaryInt8Kernel<T> Create<T>(
        Node node, BroadcastShape shape, ActivationFunction activation, T operation, int zeroPoint)
        where T : struct, IQuantizedOperation
    {
        int shift = Shift(node);
        (int min, int max) = ActivationRange.Quantized(node, activation);
        return new BinaryInt8Kernel<T>(shape, operation, zeroPoint, min - shift, max - shift, (byte)shift, SimdTiers.Best);
    }

    private static BinaryQuantization Quantization(Node node)
    {
        Tensor left = node.Input(0), right = node.Input(1), output = node.Output;
        int shift = Shift(node);
        return new BinaryQuantization(
            left.Scale, left.ZeroPoint - shift, right.Scale, right.ZeroPoint - shift, output.Scale, output.ZeroPoint - shift);
    }

    // uint8 is computed as int8: zero points 128 lower, the top bit (also 128) flipped.
    private static int Shift(Node node) => node.Output.Type == TensorType.UInt8 ? 128 : 0;
}
