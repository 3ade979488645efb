using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Elementwise;

/// <summary>The least integer that is not less than x.</summary>
internal sealed class Ceil : MapOperator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [1, 6, 13];

    public override QuantizationRule Quantization => QuantizationRule.Float;

    public override OperatorTraits Traits(Node node) => OperatorTraits.MagnifiesRounding;

    public override void Lower(Lowering context, Node node) => LowerElements(context, node, BuiltinOperator.Ceil);

    protected override void Apply(Node node, ReadOnlySpan<float> x, Span<float> y)
    {
        for (int i = 0; i < x.Length; i++) y[i] = MathF.Ceiling(x[i]);
    }

    protected override T Apply<T>(Node node, T x) => T.CreateTruncating(Math.Ceiling(double.CreateTruncating(x)));
}
