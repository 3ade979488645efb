using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Activations;

/// <summary>x / (1 + e^(−alpha · x)).</summary>
internal sealed class Swish : FunctionOperator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [24];

    public override OperatorTraits Traits(Node node) => OperatorTraits.HidesFarNumbers;

    protected override double Function(Node node, double x) => x / (1 + Math.Exp(-Alpha(node) * x));

    protected override double Slope(Node node, double x, double y) => (1 / (1 + Math.Exp(-Alpha(node) * x)))
        + (Alpha(node) * y * (1 - (1 / (1 + Math.Exp(-Alpha(node) * x)))));

    protected override void Lower(LoweringSteps steps, Node node, TfliteTensor x, TfliteTensor y)
    {
        TfliteTensor scaled = Alpha(node) == 1 ? x : steps.Multiply(x, steps.Scalar(Alpha(node), x));
        steps.Multiply(x, steps.Unary(BuiltinOperator.Logistic, scaled), y);
    }

    private static float Alpha(Node node) => node.Float("alpha", 1);
}
