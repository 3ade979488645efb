using System.Numerics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Elementwise;

/// <summary>√x.</summary>
internal sealed class Sqrt : UnaryOperator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [1, 6, 13];

    public override QuantizationRule Quantization => QuantizationRule.Float;

    public override OperatorTraits Traits(Node node) => OperatorTraits.MagnifiesRounding;

    public override void Lower(Lowering context, Node node) => LowerElements(context, node, BuiltinOperator.Sqrt);

    protected override void Apply(Node node, ReadOnlySpan<float> x, Span<float> y)
    {
        for (int i = 0; i < x.Length; i++) y[i] = MathF.Sqrt(x[i]);
    }

    protected override T Apply<T>(Node node, T x) => T.CreateTruncating(Math.Sqrt(double.CreateTruncating(x)));

    protected override void Gradient(
        Node node, ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx)
    {
        for (int i = 0; i < dx.Length; i++) dx[i] = dy[i] * 0.5f / y[i];
    }
}
