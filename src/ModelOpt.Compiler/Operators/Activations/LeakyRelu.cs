using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Activations;

/// <summary>x where it is not negative, else alpha · x.</summary>
internal sealed class LeakyRelu : UnaryOperator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [1, 6, 16];

    public override OperatorTraits Traits(Node node) => OperatorTraits.Homogeneous;

    public override void Lower(Lowering context, Node node) =>
        LowerElements(context, node, BuiltinOperator.LeakyRelu, new LeakyReluOptions(Alpha(node)));

    protected override void Apply(Node node, ReadOnlySpan<float> x, Span<float> y)
    {
        float alpha = Alpha(node);
        for (int i = 0; i < x.Length; i++) y[i] = x[i] < 0 ? alpha * x[i] : x[i];
    }

    protected override T Apply<T>(Node node, T x) => x < T.Zero ? T.CreateTruncating(Alpha(node)) * x : x;

    protected override void Gradient(
        Node node, ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx)
    {
        float alpha = Alpha(node);
        for (int i = 0; i < dx.Length; i++) dx[i] = x[i] < 0 ? alpha * dy[i] : dy[i];
    }

    private static float Alpha(Node node) => node.Float("alpha", 0.01f);
}
