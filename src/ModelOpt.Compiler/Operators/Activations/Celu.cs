using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Activations;

/// <summary>max(x, 0) + min(0, alpha · (e^(x / alpha) − 1)).</summary>
internal sealed class Celu : FunctionOperator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [12, 28];

    public override OperatorTraits Traits(Node node) => OperatorTraits.HidesFarNumbers;

    protected override double Function(Node node, double x) => Math.Max(x, 0) + Math.Min(0, Alpha(node) * (Math.Exp(x / Alpha(node)) - 1));

    protected override double Slope(Node node, double x, double y) =>
        (x > 0 ? 1 : 0) + (Alpha(node) * (Math.Exp(x / Alpha(node)) - 1) < 0 ? Math.Exp(x / Alpha(node)) : 0);

    protected override void Lower(LoweringSteps steps, Node node, TfliteTensor x, TfliteTensor y)
    {
        TfliteTensor e = steps.Unary(BuiltinOperator.Exp, steps.Binary(BuiltinOperator.Div, x, steps.Scalar(Alpha(node), x)));
        TfliteTensor below = steps.Multiply(steps.Subtract(e, steps.Scalar(1, x)), steps.Scalar(Alpha(node), x));
        below = steps.Binary(BuiltinOperator.Minimum, below, steps.Scalar(0, x));
        steps.Add(steps.Unary(BuiltinOperator.Relu, x), below, y);
    }

    private static float Alpha(Node node) => node.Float("alpha", 1);
}
