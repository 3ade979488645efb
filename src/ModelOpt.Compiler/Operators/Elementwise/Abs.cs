using System.Numerics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Elementwise;

/// <summary>|x|.</summary>
internal sealed class Abs : UnaryOperator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [1, 6, 13];

    public override OperatorTraits Traits(Node node) => OperatorTraits.Homogeneous;

    public override void InferShapes(Node node) => node.Define(0, node.CommonType(), node.ShapeOf(0));

    public override void Lower(Lowering context, Node node)
    {
        if (node.Output.Type.IsFloat())
        {
            LowerElements(context, node, BuiltinOperator.Abs);
            return;
        }

        var steps = new LoweringSteps(context, node);
        int[] order = context.OrderOf(node.Input(0));
        TfliteTensor x = context.Input(node, 0, order);
        bool isSigned = node.Output.Type is ElementType.Int8 or ElementType.Int16 or ElementType.Int32 or ElementType.Int64;
        if (isSigned) steps.Binary(BuiltinOperator.Maximum, x, steps.Subtract(steps.Scalar(0, x), x), context.Output(node, 0, order));
        else context.Alias(node.Output, node.Input(0));
    }

    protected override void Apply(Node node, ReadOnlySpan<float> x, Span<float> y)
    {
        for (int i = 0; i < x.Length; i++) y[i] = MathF.Abs(x[i]);
    }

    protected override T Apply<T>(Node node, T x) => x < T.Zero ? T.Zero - x : x;

    protected override void Gradient(
        Node node, ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx)
    {
        for (int i = 0; i < dx.Length; i++) dx[i] = x[i] > 0 ? dy[i] : x[i] < 0 ? -dy[i] : 0;
    }
}
