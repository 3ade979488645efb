using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Logic;

/// <summary>Whether a is greater than b.</summary>
internal sealed class Greater : ComparisonOperator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [1, EarlyBroadcast.End, 9, 13];

    protected override BuiltinOperator Builtin => BuiltinOperator.Greater;

    protected override bool Holds<T>(T a, T b) => a > b;
}
