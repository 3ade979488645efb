using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Trigonometry;

/// <summary>sinh x.</summary>
internal sealed class Sinh : FunctionOperator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [9, 22];

    protected override double Function(Node node, double x) => Math.Sinh(x);

    protected override double Slope(Node node, double x, double y) => Math.Cosh(x);

    protected override void Lower(LoweringSteps steps, Node node, TfliteTensor x, TfliteTensor y) =>
        steps.Unary(BuiltinOperator.Sinh, x, y);
}
