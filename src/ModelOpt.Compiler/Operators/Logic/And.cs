using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Logic;

/// <summary>Whether both a and b hold.</summary>
internal sealed class And : BitsOperator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [1, EarlyBroadcast.End];

    public override ElementKinds Takes(Node node) => ElementKinds.Bools;

    protected override ulong Combine(Node node, ulong a, ulong b, int bits) => a & b;

    protected override void Lower(LoweringSteps steps, Node node, TfliteTensor a, TfliteTensor b, TfliteTensor y) =>
        steps.Pair(BuiltinOperator.LogicalAnd, a, b, y);
}
