using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Operators.Tflite;

namespace ModelOpt.Compiler.Operators.Trigonometry;

/// <summary>The arc cosine of x.</summary>
internal sealed class Acos : FunctionOperator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [7, 22];

    public override OperatorTraits Traits(Node node) => OperatorTraits.MagnifiesRounding;

    protected override double Function(Node node, double x) => Math.Acos(x);

    protected override double Slope(Node node, double x, double y) => -1 / Math.Sqrt(1 - (x * x));

    protected override void Lower(LoweringSteps steps, Node node, TfliteTensor x, TfliteTensor y) =>
        steps.Arctangent(steps.OtherLeg(x), x, y);
}
