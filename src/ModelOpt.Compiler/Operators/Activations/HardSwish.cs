using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Activations;

/// <summary>x · max(0, min(1, x / 6 + 0.5)).</summary>
internal sealed class HardSwish : UnaryOperator
{
    // Slightly less than 128, as a multiplier next to 1 is rounded to it.
    private const float FinestResult = 127.99f;

    public override IReadOnlyList<OpsetStep> Versions { get; } = [14, 22];

    public override OperatorTraits Traits(Node node) => OperatorTraits.None;

    // TFLite's kernel shifts x left by 7 bits and multiplies by less than 1 from there; finer results it refuses when it prepares.
    public override bool TakesGrids(IEnumerable<Quantization> inputs, Quantization result) =>
        inputs.All(x => x.Scale < FinestResult * result.Scale);

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
