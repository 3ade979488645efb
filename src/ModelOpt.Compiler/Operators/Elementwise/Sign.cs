using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Elementwise;

/// <summary>−1, 0 or 1, as x is negative, zero or positive; NaN stays.</summary>
internal sealed class Sign : MapOperator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [9, 13];

    public override QuantizationRule Quantization => QuantizationRule.Float;

    public override OperatorTraits Traits(Node node) => OperatorTraits.MagnifiesRounding;

    public override void InferShapes(Node node) => node.Define(0, node.CommonType(), node.ShapeOf(0));

    public override void Lower(Lowering context, Node node) => LowerAsFloat(context, node, BuiltinOperator.Sign);

    protected override void Apply(Node node, ReadOnlySpan<float> x, Span<float> y)
    {
        for (int i = 0; i < x.Length; i++) y[i] = x[i] > 0 ? 1 : x[i] < 0 ? -1 : x[i];
    }

    protected override T Apply<T>(Node node, T x) => x > T.Zero ? T.One : x < T.Zero ? T.Zero - T.One : x;
}
