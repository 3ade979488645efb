using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Logic;

/// <summary>Whether x is infinite, with a sign that counts.</summary>
internal sealed class IsInf : FloatTest
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [10, 20];

    protected override bool Holds(Node node, double x) =>
        (double.IsPositiveInfinity(x) && Counts(node, "positive")) || (double.IsNegativeInfinity(x) && Counts(node, "negative"));

    protected override void Lower(LoweringSteps steps, Node node, TfliteTensor x, TfliteTensor y)
    {
        bool positive = Counts(node, "positive"), negative = Counts(node, "negative");
        TfliteTensor infinity = steps.Scalar(positive ? float.PositiveInfinity : float.NegativeInfinity, x);
        if (positive && negative) steps.Compare(BuiltinOperator.Equal, steps.Unary(BuiltinOperator.Abs, x), infinity, y);
        else if (positive || negative) steps.Compare(BuiltinOperator.Equal, x, infinity, y);
        else steps.Compare(BuiltinOperator.Less, x, x, y);
    }

    private static bool Counts(Node node, string sign) => node.Int($"detect_{sign}", 1) != 0;
}
