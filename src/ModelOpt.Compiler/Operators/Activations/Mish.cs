using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Activations;

/// <summary>x · tanh(log(1 + e^x)).</summary>
internal sealed class Mish : FunctionOperator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [18, 22];

    public override OperatorTraits Traits(Node node) => OperatorTraits.HidesFarNumbers;

    protected override double Function(Node node, double x) => x * Gate(x);

    protected override double Slope(Node node, double x, double y) => Gate(x) + (x * (1 - (Gate(x) * Gate(x))) / (1 + Math.Exp(-x)));

    protected override void Lower(LoweringSteps steps, Node node, TfliteTensor x, TfliteTensor y)
    {
        // With e = e^x the gate is e (e + 2) / (e (e + 2) + 2), which is 1 from 20 on.
        TfliteTensor e = steps.Unary(BuiltinOperator.Exp, steps.Binary(BuiltinOperator.Minimum, x, steps.Scalar(20, x)));
        TfliteTensor two = steps.Scalar(2, x), product = steps.Multiply(e, steps.Add(e, two));
        steps.Multiply(x, steps.Binary(BuiltinOperator.Div, product, steps.Add(product, two)), y);
    }

    private static double Gate(double x) => Math.Tanh(Math.Max(x, 0) + Math.Log(1 + Math.Exp(-Math.Abs(x))));
}
