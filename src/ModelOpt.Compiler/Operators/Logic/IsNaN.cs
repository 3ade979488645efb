using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Logic;

/// <summary>Whether x is no number.</summary>
internal sealed class IsNaN : FloatTest
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [9, 13, 20];

    protected override bool Holds(Node node, double x) => double.IsNaN(x);

    protected override void Lower(LoweringSteps steps, Node node, TfliteTensor x, TfliteTensor y) =>
        steps.Compare(BuiltinOperator.NotEqual, x, x, y);
}
