using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Trigonometry;

/// <summary>cosh x.</summary>
internal sealed class Cosh : FunctionOperator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [9, 22];

    protected override double Function(Node node, double x) => Math.Cosh(x);

    protected override double Slope(Node node, double x, double y) => Math.Sinh(x);

    protected override void Lower(LoweringSteps steps, Node node, TfliteTensor x, TfliteTensor y)
    {
        // e^x/2 twice, which is finite wherever the result is.
        TfliteTensor half = steps.Scalar(0.5f, x), left = steps.Multiply(x, half);
        TfliteTensor grows = steps.Unary(BuiltinOperator.Exp, left),
            falls = steps.Unary(BuiltinOperator.Exp, steps.Unary(BuiltinOperator.Neg, left));
        TfliteTensor squares = steps.Multiply(steps.Multiply(grows, half), grows);
        steps.Add(squares, steps.Multiply(steps.Multiply(falls, half), falls), y);
    }
}
