using ModelOpt.Compiler.Emit.Tflite;
using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Operators;

/// <summary>max(0, min(1, alpha · x + beta)).</summary>
/// <remarks>TFLite has no such operator: it is composed of four, in float also where its neighbours are int8.</remarks>
internal sealed class HardSigmoid : UnaryOperator
{
    public override string Type => "HardSigmoid";

    public override QuantizationRule Quantization => QuantizationRule.Float;

    public override void Lower(Lowering context, Node node) => throw new NotSupportedException();

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

    private static (float Alpha, float Beta) Coefficients(Node node) => (node.Float("alpha", 0.2f), node.Float("beta", 0.5f));
}
