using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Activations;

/// <summary>The hyperbolic tangent.</summary>
internal sealed class Tanh : UnaryOperator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [1, 6, 13];

    public override QuantizationRule Quantization => QuantizationRule.FixedSymmetric;

    public override OperatorTraits Traits(Node node) => OperatorTraits.HidesFarNumbers;

    public override void Lower(Lowering context, Node node) =>
        LowerElements(context, node, BuiltinOperator.Tanh);

    protected override void Apply(Node node, ReadOnlySpan<float> x, Span<float> y) => MathF32.Tanh(x, y);

    protected override T Apply<T>(Node node, T x) => T.CreateTruncating(Math.Tanh(double.CreateTruncating(x)));

    protected override void Gradient(
        Node node, ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx)
    {
        for (int i = 0; i < dx.Length; i++) dx[i] = dy[i] * (1 - (y[i] * y[i]));
    }
}
