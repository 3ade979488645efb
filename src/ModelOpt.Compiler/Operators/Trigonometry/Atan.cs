using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Trigonometry;

/// <summary>The arc tangent of x.</summary>
internal sealed class Atan : FunctionOperator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [7, 22];

    public override OperatorTraits Traits(Node node) => OperatorTraits.HidesFarNumbers;

    protected override double Function(Node node, double x) => Math.Atan(x);

    protected override double Slope(Node node, double x, double y) => 1 / (1 + (x * x));

    protected override void Lower(LoweringSteps steps, Node node, TfliteTensor x, TfliteTensor y)
    {
        // ATAN2 does not broadcast. This is one everywhere.
        TfliteTensor one = steps.Scalar(1, x);
        TfliteTensor ones = steps.Binary(BuiltinOperator.Maximum, steps.Binary(BuiltinOperator.Minimum, x, one), one);
        steps.Arctangent(x, ones, y);
    }
}
