using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Operators.Contract;

/// <summary>Integers whose sign follows from what makes them.</summary>
internal static class KnownSigns
{
    private const int MaxDepth = 8;

    /// <summary>Whether no element is negative, as far as a look at what makes the value shows.</summary>
    public static bool IsNeverNegative(Value value) => IsNeverNegative(value, MaxDepth);

    private static bool IsNeverNegative(Value value, int depth) =>
        value.Constant is { } constant ? constant.Type is ElementType.Int32 or ElementType.Int64 && constant.ToInt64s().All(n => n >= 0)
        : depth > 0 && value.Producer switch
        {
            { Type: "ArgMax" or "ArgMin" or "Shape" } => true,
            { Type: "Gather" or "Identity" or "Reshape" or "Unsqueeze" or "Squeeze" } node => IsNeverNegative(node.Input(0), depth - 1),
            { Type: "Where" } node => IsNeverNegative(node.Input(1), depth - 1) && IsNeverNegative(node.Input(2), depth - 1),
            _ => false,
        };
}
