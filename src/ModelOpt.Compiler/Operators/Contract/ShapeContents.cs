using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Operators.Contract;

/// <summary>The elements of integer values that carry shapes, as far as they are known: numbers, symbols or unknown.</summary>
internal static class ShapeContents
{
    // Shapes are short; longer tensors are data, and following them would not pay.
    private const int MaxCount = 256;

    /// <summary>The elements of a value of rank 0 or 1, or null where they are not followed.</summary>
    public static IReadOnlyList<Dim>? Of(Value? value)
    {
        if (value is null) return null;
        if (value.Constant is not { } constant) return value.ShapeContent;
        return constant.Type is ElementType.Int32 or ElementType.Int64 && constant.Rank <= 1 && constant.Count <= MaxCount
            ? Of(constant.ToInt64s()) : null;
    }

    /// <summary>Numbers, some perhaps negative, as content.</summary>
    public static Dim[] Of(long[] numbers) => Array.ConvertAll(numbers, Dim.Literal);

    /// <summary>The shape that a value's elements say, or null where not even their number is known.</summary>
    public static Shape? Shape(Value value) =>
        Of(value) is { } sizes ? new Shape(sizes)
        : value.Shape is [{ IsKnown: true, Size: < MaxCount } rank]
            ? new Shape(Enumerable.Repeat(Dim.Unknown, (int)rank.Size))
        : null;

    /// <summary>A known value: its constant, or its content if all of it is numbers.</summary>
    public static Tensor? Tensor(Value value)
    {
        if (value.Constant is { } constant) return constant;
        if (value.Producer is { Type: "Identity", Domain: "" } identity) return Tensor(identity.Input(0));
        if (value.ShapeContent is not { } content || value.Shape?.ToSizes() is not { } dims) return null;
        if (!content.All(d => d.Number() is not null)) return null;
        long[] numbers = [.. content.Select(d => d.Number()!.Value)];
        return value.Type switch
        {
            ElementType.Int64 => Graphs.Tensor.Of<long>(dims, numbers),
            ElementType.Int32 => Graphs.Tensor.Of<int>(dims, Array.ConvertAll(numbers, n => unchecked((int)n))),
            _ => null,
        };
    }
}
