using System.Numerics;
using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Kernels.Elementwise;

/// <summary>
/// LOGICAL_AND and LOGICAL_OR of bools; BITWISE_XOR, RIGHT_SHIFT and the operators like them that TFLite lacks, of integers; FLOOR_MOD of
/// integers and float32. With broadcasting.
/// </summary>
internal sealed class BitsOperator : KernelOperator
{
    public override TensorSpec[] Infer(Node node)
    {
        Tensor left = node.Input(0);
        bool isLogical = node.Operator is BuiltinOperator.LogicalAnd or BuiltinOperator.LogicalOr;
        bool fits = isLogical ? left.Type == TensorType.Bool
            : left.Type is not TensorType.Bool && (left.Type != TensorType.Float32 || node.Operator == BuiltinOperator.FloorMod);
        return fits && left.Quantization is null && node.Input(1).Quantization is null ? Broadcast(node) : throw node.UnsupportedTypes();
    }

    public override bool KeepsSamplesApart(Node node, IReadOnlySet<Tensor> batched) => PairsSamples(node, batched);

    public override Foldable Takes(Node node) => Foldable.Nothing;

    public override Kernel CreateKernel(Node node, AssembledCode? code)
    {
        var shape = new BroadcastShape(node.Input(0).Shape, node.Input(1).Shape, node.Output.Shape);
        return node.Output.Type == TensorType.Float32 ? new PairKernel<float, float, FloorModOperation<float>>(shape)
            : NumberKernels.OfIntegers(node.Output.Type, new Factory(node.Operator, shape)) ?? throw node.UnsupportedTypes();
    }

    private readonly struct Factory(BuiltinOperator op, BroadcastShape shape) : IIntegerFactory
    {
        public Kernel Create<T>()
            where T : unmanaged, IBinaryInteger<T> => op switch
        {
            BuiltinOperator.LogicalAnd or BuiltinOperator.BitwiseAnd => new PairKernel<T, T, AndOperation<T>>(shape),
            BuiltinOperator.LogicalOr or BuiltinOperator.BitwiseOr => new PairKernel<T, T, OrOperation<T>>(shape),
            BuiltinOperator.BitwiseXor => new PairKernel<T, T, XorOperation<T>>(shape),
            BuiltinOperator.LeftShift => new PairKernel<T, T, LeftShiftOperation<T>>(shape),
            BuiltinOperator.RightShift => new PairKernel<T, T, RightShiftOperation<T>>(shape),
            _ => new PairKernel<T, T, FloorModOperation<T>>(shape),
        };
    }

    private readonly struct AndOperation<T> : IPairOperation<T, T>
        where T : unmanaged, IBinaryInteger<T>
    {
        public static T Apply(T left, T right) => left & right;
    }

    private readonly struct OrOperation<T> : IPairOperation<T, T>
        where T : unmanaged, IBinaryInteger<T>
    {
        public static T Apply(T left, T right) => left | right;
    }

    private readonly struct XorOperation<T> : IPairOperation<T, T>
        where T : unmanaged, IBinaryInteger<T>
    {
        public static T Apply(T left, T right) => left ^ right;
    }

    private readonly struct LeftShiftOperation<T> : IPairOperation<T, T>
        where T : unmanaged, IBinaryInteger<T>
    {
        public static T Apply(T left, T right) => Distance(right) is var n && n >= 8 * Size<T>() ? T.Zero : left << n;
    }

    private readonly struct RightShiftOperation<T> : IPairOperation<T, T>
        where T : unmanaged, IBinaryInteger<T>
    {
        public static T Apply(T left, T right) =>
            Distance(right) is var n && n >= 8 * Size<T>() ? T.IsNegative(left) ? -T.One : T.Zero : left >> n;
    }

    private readonly struct FloorModOperation<T> : IPairOperation<T, T>
        where T : unmanaged, INumber<T>
    {
        // Integers have no rest by zero, and one by −1 that may overflow on the way to zero.
        public static T Apply(T left, T right)
        {
            if (typeof(T) != typeof(float) && (T.IsZero(right) || (T.IsNegative(right) && right == T.Zero - T.One)))
                return T.Zero;
            T rest = left % right;
            return !T.IsZero(rest) && T.IsNegative(rest) != T.IsNegative(right) ? rest + right : rest;
        }
    }

    // Negative distances and those beyond the bits move all bits out.
    private static int Distance<T>(T distance)
        where T : unmanaged, IBinaryInteger<T> => T.IsNegative(distance) ? 64 : int.CreateSaturating(distance);

    private static int Size<T>()
        where T : unmanaged, IBinaryInteger<T> => T.Zero.GetByteCount();
}
