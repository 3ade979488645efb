using System.Numerics;
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
            BuiltinOperator.Equal => new PairKernel<T, byte, EqualOperation<T>>(shape),
            BuiltinOperator.NotEqual => new PairKernel<T, byte, NotEqualOperation<T>>(shape),
            BuiltinOperator.Greater => new PairKernel<T, byte, GreaterOperation<T>>(shape),
            BuiltinOperator.GreaterEqual => new PairKernel<T, byte, GreaterEqualOperation<T>>(shape),
            BuiltinOperator.Less => new PairKernel<T, byte, LessOperation<T>>(shape),
            _ => new PairKernel<T, byte, LessEqualOperation<T>>(shape),
        };
    }

    private readonly struct EqualOperation<T> : IPairOperation<T, byte>
        where T : INumber<T>
    {
        public static byte Apply(T left, T right) => left == right ? (byte)1 : (byte)0;
    }

    private readonly struct NotEqualOperation<T> : IPairOperation<T, byte>
        where T : INumber<T>
    {
        public static byte Apply(T left, T right) => left != right ? (byte)1 : (byte)0;
    }

    private readonly struct GreaterOperation<T> : IPairOperation<T, byte>
        where T : INumber<T>
    {
        public static byte Apply(T left, T right) => left > right ? (byte)1 : (byte)0;
    }

    private readonly struct GreaterEqualOperation<T> : IPairOperation<T, byte>
        where T : INumber<T>
    {
        public static byte Apply(T left, T right) => left >= right ? (byte)1 : (byte)0;
    }

    private readonly struct LessOperation<T> : IPairOperation<T, byte>
        where T : INumber<T>
    {
        public static byte Apply(T left, T right) => left < right ? (byte)1 : (byte)0;
    }

    private readonly struct LessEqualOperation<T> : IPairOperation<T, byte>
        where T : INumber<T>
    {
        public static byte Apply(T left, T right) => left <= right ? (byte)1 : (byte)0;
    }
}
