using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Elementwise;

/// <summary>Whether a and b are equal.</summary>
internal sealed class Equal : ComparisonOperator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [1, EarlyBroadcast.End, 11, 13, 19];

    public override ElementKinds Takes(Node node) => ElementKinds.Any;

    protected override BuiltinOperator Builtin => BuiltinOperator.Equal;

    protected override bool Holds<T>(T a, T b) => a == b;
}
