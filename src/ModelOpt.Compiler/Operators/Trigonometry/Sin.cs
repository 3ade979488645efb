using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Trigonometry;

/// <summary>sin x, of radians.</summary>
internal sealed class Sin : FunctionOperator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [7, 22];

    protected override double Function(Node node, double x) => Math.Sin(x);

    protected override double Slope(Node node, double x, double y) => Math.Cos(x);

    protected override void Lower(LoweringSteps steps, Node node, TfliteTensor x, TfliteTensor y) => steps.Unary(BuiltinOperator.Sin, x, y);
}
