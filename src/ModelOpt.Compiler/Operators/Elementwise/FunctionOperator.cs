using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Tflite;

namespace ModelOpt.Compiler.Operators.Elementwise;

/// <summary>A function of one number that is computed in double precision, as is its slope.</summary>
internal abstract class FunctionOperator : UnaryOperator
{
    // What it is written as has no form of 8 bits in LiteRT, or several operators that would round in between.
    public override QuantizationRule Quantization => QuantizationRule.Float;

    public override OperatorTraits Traits(Node node) => OperatorTraits.None;

    /// <summary>The function.</summary>
    protected abstract double Function(Node node, double x);

    /// <summary>Its derivative.</summary>
    protected abstract double Slope(Node node, double x, double y);

    /// <summary>Writes the steps that compute the function.</summary>
    protected abstract void Lower(LoweringSteps steps, Node node, TfliteTensor x, TfliteTensor y);

    public sealed override void Lower(Lowering context, Node node)
    {
        int[] order = context.OrderOf(node.Input(0));
        Lower(new LoweringSteps(context, node), node, context.Input(node, 0, order), context.Output(node, 0, order));
    }

    protected sealed override void Apply(Node node, ReadOnlySpan<float> x, Span<float> y)
    {
        for (int i = 0; i < x.Length; i++) y[i] = (float)Function(node, x[i]);
    }

    protected sealed override T Apply<T>(Node node, T x) => T.CreateSaturating(Function(node, double.CreateTruncating(x)));

    protected sealed override void Gradient(
        Node node, ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx)
    {
        for (int i = 0; i < dx.Length; i++) dx[i] = (float)(dy[i] * Slope(node, x[i], y[i]));
    }
}
