using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Activations;

/// <summary>gamma · x where x is positive, else gamma · alpha · (e^x − 1).</summary>
internal sealed class Selu : FunctionOperator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [1, new(6, (_, node) => StateFactors(node)), 22];

    // The first opset has fewer digits where a node does not say its factors.
    private static void StateFactors(Node node)
    {
        node.Attributes.TryAdd("alpha", 1.6732f);
        node.Attributes.TryAdd("gamma", 1.0507f);
    }

    public override OperatorTraits Traits(Node node) => OperatorTraits.HidesFarNumbers;

    protected override double Function(Node node, double x) => Gamma(node) * (x > 0 ? x : Alpha(node) * (Math.Exp(x) - 1));

    protected override double Slope(Node node, double x, double y) => x > 0 ? Gamma(node) : y + (Gamma(node) * Alpha(node));

    protected override void Lower(LoweringSteps steps, Node node, TfliteTensor x, TfliteTensor y)
    {
        TfliteTensor below = steps.Unary(BuiltinOperator.Elu, steps.Binary(BuiltinOperator.Minimum, x, steps.Scalar(0, x)));
        below = steps.Multiply(below, steps.Scalar(Alpha(node), x));
        steps.Multiply(steps.Add(steps.Unary(BuiltinOperator.Relu, x), below), steps.Scalar(Gamma(node), x), y);
    }

    private static float Alpha(Node node) => node.Float("alpha", 1.67326319217681884765625f);

    private static float Gamma(Node node) => node.Float("gamma", 1.05070102214813232421875f);
}
