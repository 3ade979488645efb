using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Simd;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Kernels.Elementwise;

/// <summary>Functions of each element. For 8-bit tensors every one of them is a table of 256 entries.</summary>
internal sealed class UnaryOperator : KernelOperator
{
    public override TensorSpec[] Infer(Node node) => [TensorSpec.Of(node.Input(0))];

    public override bool KeepsSamplesApart(Node node, IReadOnlySet<Tensor> batched) => OnlyFirst(node, batched);

    public override Foldable Takes(Node node) => Foldable.Nothing;

    public override Kernel CreateKernel(Node node, AssembledCode? code)
    {
        Tensor input = node.Input(0), output = node.Output;
        int elements = input.Elements;
        float alpha = Alpha(node);
        if (input.IsQuantized8 && output.IsQuantized8)
            return new LookupTableKernel(elements, Table(node));
        if (input.Type != TensorType.Float32 || output.Type != TensorType.Float32)
            throw node.UnsupportedTypes();
        return node.Operator switch
        {
            BuiltinOperator.Logistic => new MathF32Kernel<SigmoidOperation>(elements),
            BuiltinOperator.Tanh => new MathF32Kernel<TanhOperation>(elements),
            BuiltinOperator.Exp => new MathF32Kernel<ExpOperation>(elements),
            BuiltinOperator.Log => new MathF32Kernel<LogOperation>(elements),
            BuiltinOperator.Elu => new MathF32Kernel<EluOperation>(elements),
            BuiltinOperator.Erf => new MathF32Kernel<ErfOperation>(elements),
            BuiltinOperator.HardSwish => new UnaryF32Kernel<HardSwishFunction>(elements, default),
            BuiltinOperator.Neg => new UnaryF32Kernel<NegateFunction>(elements, default),
            BuiltinOperator.Abs => new UnaryF32Kernel<AbsoluteFunction>(elements, default),
            BuiltinOperator.Sqrt => new UnaryF32Kernel<SquareRootFunction>(elements, default),
            BuiltinOperator.Rsqrt => new UnaryF32Kernel<ReciprocalSquareRootFunction>(elements, default),
            BuiltinOperator.Round => new UnaryF32Kernel<RoundFunction>(elements, default),
            BuiltinOperator.LeakyRelu => new UnaryF32Kernel<LeakyReluFunction>(elements, new LeakyReluFunction(alpha)),
            _ => new UnaryF32Kernel<ClampFunction>(elements, Clamp(node.Operator)),
        };
    }

    /// <summary>An 8-bit function as its table over the stored bytes.</summary>
    public static byte[] Table(Node node) =>
        QuantizationTables.Create(node.Input(0), node.Output, Scalar(node.Operator, Alpha(node)));

    private static float Alpha(Node node) =>
        node.Operator == BuiltinOperator.LeakyRelu ? LeakyReluOptions.Read(node.Options).Alpha : 0;

    private static Func<float, float> Scalar(BuiltinOperator op, float alpha) => op switch
    {
        BuiltinOperator.Logistic => MathF32.Sigmoid,
        BuiltinOperator.Tanh => MathF32.Tanh,
        BuiltinOperator.Exp => MathF32.Exp,
        BuiltinOperator.Log => MathF32.Log,
        BuiltinOperator.Elu => EluOperation.Apply<Lanes1, float>,
        BuiltinOperator.Erf => MathF32.Erf,
        BuiltinOperator.HardSwish => default(HardSwishFunction).Apply,
        BuiltinOperator.Neg => default(NegateFunction).Apply,
        BuiltinOperator.Abs => default(AbsoluteFunction).Apply,
        BuiltinOperator.Sqrt => default(SquareRootFunction).Apply,
        BuiltinOperator.Rsqrt => default(ReciprocalSquareRootFunction).Apply,
        BuiltinOperator.Round => default(RoundFunction).Apply,
        BuiltinOperator.LeakyRelu => new LeakyReluFunction(alpha).Apply,
        _ => Clamp(op).Apply,
    };

    private static ClampFunction Clamp(BuiltinOperator op) => op switch
    {
        BuiltinOperator.Relu => new ClampFunction(0, float.PositiveInfinity),
        BuiltinOperator.Relu6 => new ClampFunction(0, 6),
        BuiltinOperator.ReluN1To1 => new ClampFunction(-1, 1),
        _ => new ClampFunction(0, 1),
    };
}
