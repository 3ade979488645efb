using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Trigonometry;

/// <summary>tan x, of radians.</summary>
internal sealed class Tan : FunctionOperator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [7, 22];

    public override OperatorTraits Traits(Node node) => OperatorTraits.MagnifiesRounding;

    protected override double Function(Node node, double x) => Math.Tan(x);

    protected override double Slope(Node node, double x, double y) => 1 + (y * y);

    protected override void Lower(LoweringSteps steps, Node node, TfliteTensor x, TfliteTensor y) =>
        steps.Binary(BuiltinOperator.Div, steps.Unary(BuiltinOperator.Sin, x), steps.Unary(BuiltinOperator.Cos, x), y);
}
