using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Onnx.Rewrites;

/// <summary>What kinds of attention share: softmax(q · kᵀ · scale, masked) · v, of [batch, heads, length, size].</summary>
internal static class AttentionParts
{
    // Nothing that is added to it makes it infinite, and beside it a score has no share.
    private const float Hidden = float.MinValue;

    /// <summary>[batch, length, heads · size] as [batch, heads, length, size].</summary>
    public static Value Split(Rewriting at, Value x, long heads)
    {
        if (heads <= 0) throw at.Refusal($"{heads} heads");
        return SwapHeads(at, at.Add("Reshape", [x, at.Longs(0, 0, heads, -1)]));
    }

    /// <summary>[batch, heads, length, size] as [batch, length, heads, size], and the other way round.</summary>
    public static Value SwapHeads(Rewriting at, Value x) => at.Add("Transpose", [x], ("perm", new long[] { 0, 2, 1, 3 }));

    /// <summary>q · kᵀ · scale.</summary>
    /// <param name="scale">The scale; null for one over the root of the heads' size.</param>
    public static Value Scores(Rewriting at, Value q, Value k, float? scale, long size)
    {
        if (scale is null && size <= 0) throw at.Refusal("a size of heads that the file does not say");
        Value scaled = at.Add("Mul", [q, Number(at, scale ?? (float)(1 / Math.Sqrt(size)), q)]);
        return at.Add("MatMul", [scaled, at.Add("Transpose", [k], ("perm", new long[] { 0, 1, 3, 2 }))]);
    }

    /// <summary>The scores where a bool is true; elsewhere what gets no share.</summary>
    public static Value Keep(Rewriting at, Value kept, Value scores, Value like) =>
        at.Add("Where", [kept, scores, Number(at, Hidden, like)]);

    /// <summary>Whether a query may look at a key: those before it, and its own. [queries, keys].</summary>
    /// <param name="past">How many keys lie before the first query's own.</param>
    public static Value Causal(Rewriting at, int queries, int keys, int past)
    {
        Tensor kept = Tensor.Zeros(ElementType.Bool, [queries, keys]);
        for (int i = 0; i < queries; i++) kept.Bytes.Span.Slice(i * keys, Math.Clamp(i + past + 1, 0, keys)).Fill(1);
        return at.Constant(kept);
    }

    /// <summary>The size of a dimension.</summary>
    /// <exception cref="Diagnostics.CompilationException">It is open, or the file does not say it.</exception>
    public static int Length(Rewriting at, Value value, int axis, string what)
    {
        if (value.Shape is { } shape && axis < shape.Rank && shape[axis] is { IsKnown: true, Size: <= int.MaxValue } dim)
            return (int)dim.Size;
        throw at.Refusal($"{what} of open length");
    }

    /// <summary>The size of a dimension, or 0 where it is not known.</summary>
    public static long SizeOf(Value value, int axis)
    {
        if (value.Shape is not { } shape || axis >= shape.Rank) return 0;
        Dim dim = shape[axis < 0 ? axis + shape.Rank : axis];
        return dim.IsKnown ? dim.Size : 0;
    }

    /// <summary>A number in the type of a value.</summary>
    public static Value Number(Rewriting at, float number, Value like) =>
        at.Constant(like.Type.IsFloat() ? Casting.To(Tensor.Scalar(number), like.Type) : Tensor.Scalar(number));

    /// <summary>Slices of a constant or computed value along an axis, one behind the other.</summary>
    public static Value[] Parts(Rewriting at, Value value, int axis, params ReadOnlySpan<long> sizes)
    {
        var parts = new Value[sizes.Length];
        long start = 0;
        for (int i = 0; i < parts.Length; i++)
        {
            parts[i] = at.Add(
                "Slice", [value, at.Longs(start), at.Longs(start + sizes[i]), at.Longs(axis)]);
            start += sizes[i];
        }

        return parts;
    }

    /// <summary>One slice along an axis, without it.</summary>
    public static Value Pick(Rewriting at, Value value, int axis, long index) =>
        at.Add("Gather", [value, at.Constant(Tensor.Scalar(index))], ("axis", (long)axis));
}
