using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Onnx.Rewrites;

/// <summary>What kinds of attention share: softmax(q · kᵀ · scale, masked) · v, of [batch, heads, length, size].</summary>
internal static class AttentionParts
{
    /// <summary>The score of a hidden key.</summary>
    // Nothing that is added to it makes it infinite, and beside it a score has no share.
    public const float Hidden = float.MinValue;

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
    public static Value Keep(Rewriting at, Value kept, Value scores, Value like, float hidden = Hidden) =>
        at.Add("Where", [kept, scores, Number(at, hidden, like)]);

    /// <summary>The shares of scores. Queries to whom every key is hidden, or below every number, have none.</summary>
    public static Value SharesOrNone(Rewriting at, Value scores, Value like)
    {
        Value least = Number(at, Hidden, like), raised = at.Add("Max", [scores, least]);
        Value most = at.Add("ReduceMax", [raised, at.Longs(-1)], ("keepdims", 1L));
        return at.Add("Where", [at.Add("Greater", [most, least]), at.Add("Softmax", [raised], ("axis", -1L)), Number(at, 0, like)]);
    }

    /// <summary>Keys or values, each for as many heads of queries as share it.</summary>
    public static Value Repeat(Rewriting at, Value x, long queryHeads, long keyHeads)
    {
        long[] heads = [.. Enumerable.Range(0, (int)queryHeads).Select(i => i / (queryHeads / keyHeads))];
        return queryHeads == keyHeads ? x : at.Add("Gather", [x, at.Longs(heads)], ("axis", 1L));
    }

    /// <summary>Scores brought softly between −cap and cap; 0 is none.</summary>
    public static Value Capped(Rewriting at, Value scores, Value like)
    {
        float cap = at.Node.Float("softcap", 0);
        if (cap == 0) return scores;
        Value number = Number(at, cap, like);
        return at.Add("Mul", [at.Add("Tanh", [at.Add("Div", [scores, number])]), number]);
    }

    /// <summary>Whether a query may look at a key: those before it, and its own. [queries, keys].</summary>
    /// <param name="past">How many keys lie before the first query's own.</param>
    public static Value Causal(Rewriting at, AttentionLength queries, AttentionLength keys, AttentionLength past)
    {
        if (queries.Known is { } q && keys.Known is { } k && past.Known is { } p)
        {
            Tensor kept = Tensor.Zeros(ElementType.Bool, [(int)q, (int)k]);
            for (int i = 0; i < q; i++) kept.Bytes.Span.Slice(i * (int)k, (int)Math.Clamp(i + p + 1, 0, k)).Fill(1);
            return at.Constant(kept);
        }

        Value own = past.Known == 0 ? queries.Places(at) : at.Add("Add", [queries.Places(at), past.Scalar(at)]);
        return at.Add("LessOrEqual", [keys.Places(at), at.Add("Unsqueeze", [own, at.Longs(1)])]);
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
