using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Activations;

/// <summary>log(1 + e^x).</summary>
internal sealed class Softplus : FunctionOperator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [1, 22];

    public override OperatorTraits Traits(Node node) => OperatorTraits.HidesFarNumbers;

    protected override double Function(Node node, double x) => Math.Max(x, 0) + Math.Log(1 + Math.Exp(-Math.Abs(x)));

    protected override double Slope(Node node, double x, double y) => 1 / (1 + Math.Exp(-x));

    protected override void Lower(LoweringSteps steps, Node node, TfliteTensor x, TfliteTensor y)
    {
        TfliteTensor e = steps.Unary(BuiltinOperator.Exp, steps.Unary(BuiltinOperator.Neg, steps.Unary(BuiltinOperator.Abs, x)));
        TfliteTensor rest = steps.Unary(BuiltinOperator.Log, steps.Add(e, steps.Scalar(1, x)));
        steps.Add(steps.Unary(BuiltinOperator.Relu, x), rest, y);
    }
}
