using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Logic;

/// <summary>Whether a and b are equal.</summary>
internal sealed class Equal : ComparisonOperator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [1, EarlyBroadcast.End, 11, 13, 19];

    public override ElementKinds Takes(Node node) => ElementKinds.Any;

    protected override BuiltinOperator Builtin => BuiltinOperator.Equal;

    protected override bool Holds<T>(T a, T b) => a == b;
}
