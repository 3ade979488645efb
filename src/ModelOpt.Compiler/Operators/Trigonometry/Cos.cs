using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Trigonometry;

/// <summary>cos x, of radians.</summary>
internal sealed class Cos : FunctionOperator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [7, 22];

    protected override double Function(Node node, double x) => Math.Cos(x);

    protected override double Slope(Node node, double x, double y) => -Math.Sin(x);

    protected override void Lower(LoweringSteps steps, Node node, TfliteTensor x, TfliteTensor y) => steps.Unary(BuiltinOperator.Cos, x, y);
}
