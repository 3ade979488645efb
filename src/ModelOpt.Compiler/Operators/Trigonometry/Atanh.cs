using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Trigonometry;

/// <summary>The inverse of tanh.</summary>
internal sealed class Atanh : FunctionOperator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [9, 22];

    public override OperatorTraits Traits(Node node) => OperatorTraits.MagnifiesRounding;

    protected override double Function(Node node, double x) => Math.Atanh(x);

    protected override double Slope(Node node, double x, double y) => 1 / (1 - (x * x));

    protected override void Lower(LoweringSteps steps, Node node, TfliteTensor x, TfliteTensor y) =>
        steps.Composite(BuiltinOperator.Atanh, x, y, static (inner, x) =>
        {
            // ½ log(1 + u), u = 2|x| / (1 − |x|).
            TfliteTensor a = inner.Unary(BuiltinOperator.Abs, x), one = inner.Scalar(1, x);
            TfliteTensor u = inner.Binary(BuiltinOperator.Div, inner.Add(a, a), inner.Subtract(one, a));
            TfliteTensor half = inner.Multiply(inner.Unary(BuiltinOperator.Sign, x), inner.Scalar(0.5f, x));
            return inner.Multiply(half, inner.LogOfOneMore(u));
        });
}
