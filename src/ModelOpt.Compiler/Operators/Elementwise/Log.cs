using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Elementwise;

/// <summary>The natural logarithm.</summary>
internal sealed class Log : FunctionOperator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [1, 6, 13];

    public override OperatorTraits Traits(Node node) => OperatorTraits.MagnifiesRounding;

    protected override double Function(Node node, double x) => Math.Log(x);

    protected override double Slope(Node node, double x, double y) => 1 / x;

    protected override void Lower(LoweringSteps steps, Node node, TfliteTensor x, TfliteTensor y) => steps.Unary(BuiltinOperator.Log, x, y);
}
