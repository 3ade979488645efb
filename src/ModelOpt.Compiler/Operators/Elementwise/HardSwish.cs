using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Elementwise;

/// <summary>x · max(0, min(1, x / 6 + 0.5)).</summary>
internal sealed class HardSwish : UnaryOperator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [14, 22];

    public override OperatorTraits Traits(Node node) => OperatorTraits.None;

    public override void Lower(Lowering context, Node node) =>
        LowerElements(context, node, BuiltinOperator.HardSwish, new EmptyOptions(BuiltinOptionsType.HardSwish));

    protected override void Apply(Node node, ReadOnlySpan<float> x, Span<float> y)
    {
        for (int i = 0; i < x.Length; i++) y[i] = x[i] * MathF.Max(0, MathF.Min(1, (x[i] * (1f / 6)) + 0.5f));
    }

    protected override T Apply<T>(Node node, T x)
    {
        T sixth = T.One / T.CreateTruncating(6), half = T.One / T.CreateTruncating(2);
        return x * T.Max(T.Zero, T.Min(T.One, (x * sixth) + half));
    }

    protected override void Gradient(
        Node node, ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx)
    {
        for (int i = 0; i < dx.Length; i++) dx[i] = dy[i] * (x[i] <= -3 ? 0 : x[i] >= 3 ? 1 : (x[i] * (1f / 3)) + 0.5f);
    }
}
