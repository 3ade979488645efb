using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Trigonometry;

/// <summary>The inverse of cosh.</summary>
internal sealed class Acosh : FunctionOperator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [9, 22];

    public override OperatorTraits Traits(Node node) => OperatorTraits.MagnifiesRounding;

    protected override double Function(Node node, double x) => Math.Acosh(x);

    protected override double Slope(Node node, double x, double y) => 1 / Math.Sqrt((x * x) - 1);

    protected override void Lower(LoweringSteps steps, Node node, TfliteTensor x, TfliteTensor y) =>
        steps.Composite(BuiltinOperator.Acosh, x, y, static (inner, x) =>
        {
            // log(1 + u), u = t + √t · √(t + 2), t = x − 1.
            TfliteTensor t = inner.Subtract(x, inner.Scalar(1, x));
            TfliteTensor root = inner.Unary(BuiltinOperator.Sqrt, inner.Add(t, inner.Scalar(2, x)));
            return inner.LogOfOneMore(inner.Add(t, inner.Multiply(inner.Unary(BuiltinOperator.Sqrt, t), root)));
        });
}
