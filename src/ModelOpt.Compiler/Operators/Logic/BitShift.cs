using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Logic;

/// <summary>The bits of a moved by b places to the left or to the right; zeros follow.</summary>
internal sealed class BitShift : BitsOperator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [11];

    public override ElementKinds Takes(Node node) => ElementKinds.Integers;

    protected override ulong Combine(Node node, ulong a, ulong b, int bits) =>
        b >= (ulong)bits ? 0 : IsLeft(node) ? a << (int)b : a >> (int)b;

    protected override void Lower(LoweringSteps steps, Node node, TfliteTensor a, TfliteTensor b, TfliteTensor y) =>
        steps.Pair(IsLeft(node) ? BuiltinOperator.LeftShift : BuiltinOperator.RightShift, a, b, y);

    private static bool IsLeft(Node node) => node.String("direction", "") switch
    {
        "LEFT" => true,
        "RIGHT" => false,
        string other => throw GraphDiagnostics.InvalidAttribute.Error(node.Label, "direction", $"is '{other}', not LEFT or RIGHT"),
    };
}
