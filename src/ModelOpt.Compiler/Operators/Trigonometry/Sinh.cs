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
        steps.Composite(BuiltinOperator.Sinh, x, y, static (inner, x) =>
        {
            // tanh x · cosh x keeps the digits of small numbers. e^x/2 twice, which is finite wherever the result is.
            TfliteTensor half = inner.Scalar(0.5f, x), left = inner.Multiply(x, half);
            TfliteTensor grows = inner.Unary(BuiltinOperator.Exp, left);
            TfliteTensor falls = inner.Unary(BuiltinOperator.Exp, inner.Unary(BuiltinOperator.Neg, left));
            TfliteTensor tanh = inner.Unary(BuiltinOperator.Tanh, x);
            TfliteTensor larger = inner.Multiply(inner.Multiply(inner.Multiply(tanh, half), grows), grows);
            TfliteTensor smaller = inner.Multiply(inner.Multiply(inner.Multiply(tanh, half), falls), falls);
            return inner.Add(larger, smaller);
        });
}
