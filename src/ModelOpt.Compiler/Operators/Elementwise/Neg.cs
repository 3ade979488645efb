using System.Numerics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Elementwise;

/// <summary>−x.</summary>
internal sealed class Neg : UnaryOperator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [1, 6, 13];

    public override QuantizationRule Quantization => QuantizationRule.Float;

    public override OperatorTraits Traits(Node node) => OperatorTraits.Homogeneous;

    public override void InferShapes(Node node)
    {
        IReadOnlyList<Dim>? content = ShapeContents.Of(node.Input(0));
        node.Define(0, node.CommonType(), node.ShapeOf(0), content?.Select(d => 0 - d).ToArray());
    }

    public override void Lower(Lowering context, Node node)
    {
        if (node.Output.Type.IsFloat())
        {
            LowerElements(context, node, BuiltinOperator.Neg, new EmptyOptions(BuiltinOptionsType.Neg));
            return;
        }

        var steps = new LoweringSteps(context, node);
        int[] order = context.OrderOf(node.Input(0));
        TfliteTensor x = context.Input(node, 0, order);
        steps.Subtract(steps.Scalar(0, x), x, context.Output(node, 0, order));
    }

    protected override void Apply(Node node, ReadOnlySpan<float> x, Span<float> y)
    {
        for (int i = 0; i < x.Length; i++) y[i] = -x[i];
    }

    protected override T Apply<T>(Node node, T x) => T.Zero - x;

    protected override void Gradient(
        Node node, ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx)
    {
        for (int i = 0; i < dx.Length; i++) dx[i] = -dy[i];
    }
}
