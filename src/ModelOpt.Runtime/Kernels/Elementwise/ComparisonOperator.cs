using System.Numerics;
using System.Runtime.Intrinsics;
using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Kernels.Elementwise;

/// <summary>EQUAL, NOT_EQUAL, GREATER, GREATER_EQUAL, LESS and LESS_EQUAL of plain numbers, with broadcasting, as bools.</summary>
internal sealed class ComparisonOperator : KernelOperator
{
    public override TensorSpec[] Infer(Node node) =>
        node.Input(0).Quantization is null && node.Input(1).Quantization is null
            ? [new TensorSpec(TensorType.Bool, Broadcast(node)[0].Shape)] : throw node.UnsupportedTypes();

    public override bool KeepsSamplesApart(Node node, IReadOnlySet<Tensor> batched) => PairsSamples(node, batched);

    public override Foldable Takes(Node node) => Foldable.Nothing;

    public override Kernel CreateKernel(Node node, AssembledCode? code)
    {
        var shape = new BroadcastShape(node.Input(0).Shape, node.Input(1).Shape, node.Output.Shape);
        return NumberKernels.OfNumbers(node.Input(0).Type, new Factory(node.Operator, shape)) ?? throw node.UnsupportedTypes();
    }

    private readonly struct Factory(BuiltinOperator op, BroadcastShape shape) : INumberFactory
    {
        public Kernel Create<T>()
            where T : unmanaged, INumber<T> => op switch
        {
            BuiltinOperator.Equal => new ComparisonKernel<T, EqualOperation<T>>(shape),
            BuiltinOperator.NotEqual => new ComparisonKernel<T, NotEqualOperation<T>>(shape),
            BuiltinOperator.Greater => new ComparisonKernel<T, GreaterOperation<T>>(shape),
            BuiltinOperator.GreaterEqual => new ComparisonKernel<T, GreaterEqualOperation<T>>(shape),
            BuiltinOperator.Less => new ComparisonKernel<T, LessOperation<T>>(shape),
            _ => new ComparisonKernel<T, LessEqualOperation<T>>(shape),
        };
    }

    private readonly struct EqualOperation<T> : IComparison<T>
        where T : unmanaged, INumber<T>
    {
        public static bool Apply(T left, T right) => left == right;

        public static Vector128<T> Apply(Vector128<T> left, Vector128<T> right) => Vector128.Equals(left, right);
    }

    private readonly struct NotEqualOperation<T> : IComparison<T>
        where T : unmanaged, INumber<T>
    {
        public static bool Apply(T left, T right) => left != right;

        public static Vector128<T> Apply(Vector128<T> left, Vector128<T> right) => ~Vector128.Equals(left, right);
    }

    private readonly struct GreaterOperation<T> : IComparison<T>
        where T : unmanaged, INumber<T>
    {
        public static bool Apply(T left, T right) => left > right;

        public static Vector128<T> Apply(Vector128<T> left, Vector128<T> right) => Vector128.GreaterThan(left, right);
    }

    private readonly struct GreaterEqualOperation<T> : IComparison<T>
        where T : unmanaged, INumber<T>
    {
        public static bool Apply(T left, T right) => left >= right;

        public static Vector128<T> Apply(Vector128<T> left, Vector128<T> right) => Vector128.GreaterThanOrEqual(left, right);
    }

    private readonly struct LessOperation<T> : IComparison<T>
        where T : unmanaged, INumber<T>
    {
        public static bool Apply(T left, T right) => left < right;

        public static Vector128<T> Apply(Vector128<T> left, Vector128<T> right) => Vector128.LessThan(left, right);
    }

    private readonly struct LessEqualOperation<T> : IComparison<T>
        where T : unmanaged, INumber<T>
    {
        public static bool Apply(T left, T right) => left <= right;

        public static Vector128<T> Apply(Vector128<T> left, Vector128<T> right) => Vector128.LessThanOrEqual(left, right);
    }
}
