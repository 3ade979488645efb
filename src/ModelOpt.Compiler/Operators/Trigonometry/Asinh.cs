using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Trigonometry;

/// <summary>The inverse of sinh.</summary>
internal sealed class Asinh : FunctionOperator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [9, 22];

    protected override double Function(Node node, double x) => Math.Asinh(x);

    protected override double Slope(Node node, double x, double y) => 1 / Math.Sqrt((x * x) + 1);

    protected override void Lower(LoweringSteps steps, Node node, TfliteTensor x, TfliteTensor y) =>
        steps.Composite(BuiltinOperator.Asinh, x, y, static (inner, x) =>
        {
            // log(1 + u), u = |x| + |x| · q, q = c / (1 + √(1 + c²)), where c is |x|, bounded so that its square is finite.
            TfliteTensor a = inner.Unary(BuiltinOperator.Abs, x), one = inner.Scalar(1, x);
            TfliteTensor c = inner.Binary(BuiltinOperator.Minimum, a, inner.Scalar(1e18f, x));
            TfliteTensor root = inner.Unary(BuiltinOperator.Sqrt, inner.Add(inner.Multiply(c, c), one));
            TfliteTensor q = inner.Binary(BuiltinOperator.Div, c, inner.Add(root, one));
            return inner.Multiply(inner.Unary(BuiltinOperator.Sign, x), inner.LogOfOneMore(inner.Add(a, inner.Multiply(a, q))));
        });
}
