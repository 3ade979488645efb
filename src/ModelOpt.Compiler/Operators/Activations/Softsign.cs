using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Activations;

/// <summary>x / (1 + |x|).</summary>
internal sealed class Softsign : FunctionOperator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [1, 22];

    public override OperatorTraits Traits(Node node) => OperatorTraits.HidesFarNumbers;

    protected override double Function(Node node, double x) => x / (1 + Math.Abs(x));

    protected override double Slope(Node node, double x, double y) => 1 / ((1 + Math.Abs(x)) * (1 + Math.Abs(x)));

    protected override void Lower(LoweringSteps steps, Node node, TfliteTensor x, TfliteTensor y) =>
        steps.Binary(BuiltinOperator.Div, x, steps.Add(steps.Unary(BuiltinOperator.Abs, x), steps.Scalar(1, x)), y);
}
