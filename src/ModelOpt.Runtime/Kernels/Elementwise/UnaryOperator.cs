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
            BuiltinOperator.Gelu when IsApproximate(node) => new MathF32Kernel<GeluTanhOperation>(elements),
            BuiltinOperator.Gelu => new MathF32Kernel<GeluOperation>(elements),
            BuiltinOperator.Floor => new UnaryF32Kernel<FloorFunction>(elements, default),
            BuiltinOperator.Ceil => new UnaryF32Kernel<CeilingFunction>(elements, default),
            BuiltinOperator.Sign => new UnaryF32Kernel<SignFunction>(elements, default),
            BuiltinOperator.Sin => new DoubleFunctionKernel<SineFunction>(elements),
            BuiltinOperator.Cos => new DoubleFunctionKernel<CosineFunction>(elements),
            BuiltinOperator.Sinh => new DoubleFunctionKernel<HyperbolicSineFunction>(elements),
            BuiltinOperator.Asinh => new DoubleFunctionKernel<InverseHyperbolicSineFunction>(elements),
            BuiltinOperator.Acosh => new DoubleFunctionKernel<InverseHyperbolicCosineFunction>(elements),
            BuiltinOperator.Atanh => new DoubleFunctionKernel<InverseHyperbolicTangentFunction>(elements),
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
        QuantizationTables.Create(node.Input(0), node.Output, Scalar(node));

    private static float Alpha(Node node) =>
        node.Operator == BuiltinOperator.LeakyRelu ? LeakyReluOptions.Read(node.Options).Alpha : 0;

    private static bool IsApproximate(Node node) => GeluOptions.Read(node.Options).IsApproximate;

    private static Func<float, float> Scalar(Node node) => node.Operator switch
    {
        BuiltinOperator.Logistic => MathF32.Sigmoid,
        BuiltinOperator.Tanh => MathF32.Tanh,
        BuiltinOperator.Exp => MathF32.Exp,
        BuiltinOperator.Log => MathF32.Log,
        BuiltinOperator.Elu => EluOperation.Apply<Lanes1, float>,
        BuiltinOperator.Erf => MathF32.Erf,
        BuiltinOperator.Gelu when IsApproximate(node) => GeluTanhOperation.Apply<Lanes1, float>,
        BuiltinOperator.Gelu => GeluOperation.Apply<Lanes1, float>,
        BuiltinOperator.Floor => MathF.Floor,
        BuiltinOperator.Ceil => MathF.Ceiling,
        BuiltinOperator.Sign => default(SignFunction).Apply,
        BuiltinOperator.Sin => DoubleFunctionKernel<SineFunction>.Apply,
        BuiltinOperator.Cos => DoubleFunctionKernel<CosineFunction>.Apply,
        BuiltinOperator.Sinh => DoubleFunctionKernel<HyperbolicSineFunction>.Apply,
        BuiltinOperator.Asinh => DoubleFunctionKernel<InverseHyperbolicSineFunction>.Apply,
        BuiltinOperator.Acosh => DoubleFunctionKernel<InverseHyperbolicCosineFunction>.Apply,
        BuiltinOperator.Atanh => DoubleFunctionKernel<InverseHyperbolicTangentFunction>.Apply,
        BuiltinOperator.HardSwish => default(HardSwishFunction).Apply,
        BuiltinOperator.Neg => default(NegateFunction).Apply,
        BuiltinOperator.Abs => default(AbsoluteFunction).Apply,
        BuiltinOperator.Sqrt => default(SquareRootFunction).Apply,
        BuiltinOperator.Rsqrt => default(ReciprocalSquareRootFunction).Apply,
        BuiltinOperator.Round => default(RoundFunction).Apply,
        BuiltinOperator.LeakyRelu => new LeakyReluFunction(Alpha(node)).Apply,
        _ => Clamp(node.Operator).Apply,
    };

    private static ClampFunction Clamp(BuiltinOperator op) => op switch
    {
        BuiltinOperator.Relu => new ClampFunction(0, float.PositiveInfinity),
        BuiltinOperator.Relu6 => new ClampFunction(0, 6),
        BuiltinOperator.ReluN1To1 => new ClampFunction(-1, 1),
        _ => new ClampFunction(0, 1),
    };
}
