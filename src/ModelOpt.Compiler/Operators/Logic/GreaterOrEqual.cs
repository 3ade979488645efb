using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Logic;

/// <summary>Whether a is greater than or equal to b.</summary>
internal sealed class GreaterOrEqual : ComparisonOperator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [12, 16];

    protected override BuiltinOperator Builtin => BuiltinOperator.GreaterEqual;

    protected override bool Holds<T>(T a, T b) => a >= b;
}
