using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Operators.Contract;

/// <summary>
/// Small values that follow from constants and sizes, computed before any pass folds them: conditions of an If, above all.
/// </summary>
internal static class KnownValue
{
    private const int MaxCount = 64;
    private const int MaxDepth = 16;

    // A Slice has five.
    private const int MaxInputs = 5;

    /// <summary>The elements of a value; null where they depend on what the caller feeds, or it takes more than a look.</summary>
    public static Tensor? Of(Value value) => Of(value, MaxDepth);

    private static Tensor? Of(Value value, int depth)
    {
        if (value.Shape is not { IsKnown: true } shape || shape.CountOfOne() > MaxCount) return value.Constant;
        if (ShapeContents.Tensor(value) is { } known) return known;
        if (depth == 0 || value.Producer is not { Outputs.Count: 1 } node || node.Bodies.Any() || node.Inputs.Count > MaxInputs
            || Operator.IsRandom(node))
            return null;
        var inputs = new Tensor?[node.Inputs.Count];
        for (int i = 0; i < inputs.Length; i++)
        {
            if (node.Inputs[i] is { } input && (inputs[i] = Of(input, depth - 1)) is null) return null;
        }

        ForwardContext context = new(node, inputs);
        Guard.Run(node, () => Operator.Of(node).Forward(context));
        return context.Outputs[0];
    }
}
