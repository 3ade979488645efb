using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Activations;

/// <summary>max(0, min(1, alpha · x + beta)).</summary>
/// <remarks>TFLite has no such operator: it is composed of four, in float also where its neighbours are int8.</remarks>
internal sealed class HardSigmoid : UnaryOperator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [1, 6, 22];

    public override QuantizationRule Quantization => QuantizationRule.Float;

    public override OperatorTraits Traits(Node node) => OperatorTraits.HidesFarNumbers;

    public override void Lower(Lowering context, Node node)
    {
        // clip(t, 0, 1) = clip(6·t, 0, 6) / 6, where the clip is an activation that TFLite fuses.
        (float alpha, float beta) = Coefficients(node);
        int[] order = context.OrderOf(node.Input(0));
        TfliteTensor x = context.Input(node, 0, order);
        if (alpha * 6 != 1)
        {
            TfliteTensor scaled = Lowering.Temporary(node, x, x.Dims);
            context.Emit(BuiltinOperator.Mul, [x, Scalar(alpha * 6)], [scaled], Options(BuiltinOptionsType.Mul));
            x = scaled;
        }

        TfliteTensor clipped = Lowering.Temporary(node, x, x.Dims);
        context.Emit(
            BuiltinOperator.Add, [x, Scalar(beta * 6)], [clipped],
            Options(BuiltinOptionsType.Add, ActivationFunction.Relu6));
        context.Emit(
            BuiltinOperator.Mul, [clipped, Scalar(1f / 6)], [context.Output(node, 0, order)], Options(BuiltinOptionsType.Mul));

        TfliteTensor Scalar(float value) => new LoweringSteps(context, node).Scalar(value, x);

        static ArithmeticOptions Options(BuiltinOptionsType type, ActivationFunction activation = ActivationFunction.None) =>
            new(type, activation);
    }

    protected override void Apply(Node node, ReadOnlySpan<float> x, Span<float> y)
    {
        (float alpha, float beta) = Coefficients(node);
        for (int i = 0; i < x.Length; i++) y[i] = MathF.Max(0, MathF.Min(1, (alpha * x[i]) + beta));
    }

    protected override T Apply<T>(Node node, T x)
    {
        (float alpha, float beta) = Coefficients(node);
        return T.Max(T.Zero, T.Min(T.One, (T.CreateTruncating(alpha) * x) + T.CreateTruncating(beta)));
    }

    protected override void Gradient(
        Node node, ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx)
    {
        float alpha = Coefficients(node).Alpha;
        for (int i = 0; i < dx.Length; i++) dx[i] = y[i] is > 0 and < 1 ? alpha * dy[i] : 0;
    }

    private static (float Alpha, float Beta) Coefficients(Node node) => (node.Float("alpha", 0.2f), node.Float("beta", 0.5f));
}
