using System.Numerics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Activations;

/// <summary>x where it is not negative, else alpha · (e^x − 1).</summary>
internal sealed class Elu : UnaryOperator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [1, 6, 22];

    public override OperatorTraits Traits(Node node) => OperatorTraits.HidesFarNumbers;

    public override string? WhyFloat(Node node) => Alpha(node) == 1 ? null : "TFLite's ELU has no alpha";

    public override void Lower(Lowering context, Node node)
    {
        if (Alpha(node) == 1)
        {
            LowerElements(context, node, BuiltinOperator.Elu);
            return;
        }

        // max(x, 0) + alpha · ELU(min(x, 0)).
        var steps = new LoweringSteps(context, node);
        int[] order = context.OrderOf(node.Input(0));
        TfliteTensor x = context.Input(node, 0, order), zero = steps.Scalar(0, x);
        TfliteTensor below = steps.Unary(BuiltinOperator.Elu, steps.Binary(BuiltinOperator.Minimum, x, zero));
        below = steps.Multiply(below, steps.Scalar(Alpha(node), x));
        steps.Add(steps.Unary(BuiltinOperator.Relu, x), below, context.Output(node, 0, order));
    }

    protected override void Apply(Node node, ReadOnlySpan<float> x, Span<float> y)
    {
        float alpha = Alpha(node);
        MathF32.Exp(x, y);
        for (int i = 0; i < x.Length; i++) y[i] = x[i] < 0 ? alpha * (y[i] - 1) : x[i];
    }

    protected override T Apply<T>(Node node, T x) =>
        x < T.Zero ? T.CreateTruncating(Alpha(node)) * T.CreateTruncating(Math.Exp(double.CreateTruncating(x)) - 1) : x;

    protected override void Gradient(
        Node node, ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx)
    {
        float alpha = Alpha(node);
        for (int i = 0; i < dx.Length; i++) dx[i] = x[i] < 0 ? dy[i] * (y[i] + alpha) : dy[i];
    }

    private static float Alpha(Node node) => node.Float("alpha", 1);
}
