using System.Numerics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Elementwise;

/// <summary>e^x.</summary>
internal sealed class Exp : UnaryOperator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [1, 6, 13];

    public override QuantizationRule Quantization => QuantizationRule.Float;

    public override OperatorTraits Traits(Node node) => OperatorTraits.HidesFarNumbers;

    public override void Lower(Lowering context, Node node) =>
        LowerElements(context, node, BuiltinOperator.Exp, new EmptyOptions(BuiltinOptionsType.Exp));

    protected override void Apply(Node node, ReadOnlySpan<float> x, Span<float> y) => MathF32.Exp(x, y);

    protected override T Apply<T>(Node node, T x) => T.CreateTruncating(Math.Exp(double.CreateTruncating(x)));

    protected override void Gradient(
        Node node, ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx)
    {
        for (int i = 0; i < dx.Length; i++) dx[i] = dy[i] * y[i];
    }
}
