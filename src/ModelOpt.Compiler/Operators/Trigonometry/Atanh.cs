using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Trigonometry;

/// <summary>The inverse of tanh.</summary>
internal sealed class Atanh : FunctionOperator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [9, 22];

    public override OperatorTraits Traits(Node node) => OperatorTraits.MagnifiesRounding;

    protected override double Function(Node node, double x) => Math.Atanh(x);

    protected override double Slope(Node node, double x, double y) => 1 / (1 - (x * x));

    protected override void Lower(LoweringSteps steps, Node node, TfliteTensor x, TfliteTensor y) =>
        steps.Unary(BuiltinOperator.Atanh, x, y);
}
