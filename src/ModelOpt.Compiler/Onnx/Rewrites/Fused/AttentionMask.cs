using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Onnx.Rewrites.Fused;

/// <summary>What ONNX's attention hides: by a mask, what lies behind a query, and what is not counted.</summary>
/// <param name="isFlat">Whether heads lie in a row.</param>
/// <param name="hidden">The score of a hidden key.</param>
internal sealed class AttentionMask(Rewriting at, bool isFlat, float hidden)
{
    private const int Mask = 3;
    private const int PastKey = 4;
    private const int Counts = 6;

    private readonly Value _like = at.Input(0);
    private readonly AttentionLength _queries = AttentionLength.Of(at, at.Input(0), isFlat ? 1 : 2);
    private readonly AttentionLength _keys = AttentionLength.Of(at, at.Input(1), isFlat ? 1 : 2).Plus(at, Past(at));

    /// <summary>Whether there may be queries to which every key is hidden.</summary>
    public bool MayHideAll => at.InputOrNull(Counts) is not null || at.InputOrNull(Mask) is { } mask && !IsFinite(mask);

    /// <summary>Hides scores.</summary>
    public Value Apply(Value scores)
    {
        if (at.InputOrNull(Mask) is { } mask)
        {
            if (mask.Type == ElementType.Undefined) throw at.Refusal("a mask of a type that the file does not say");
            mask = Padded(mask);
            scores = mask.Type == ElementType.Bool ? Keep(mask, scores) : at.Add("Add", [scores, mask]);
        }

        Value? counts = at.InputOrNull(Counts) is { } given ? at.Add("Reshape", [given, at.Longs(-1, 1, 1, 1)]) : null;
        if (at.Node.Int("is_causal", 0) != 0)
        {
            bool endsWithCount = counts is not null && at.InputOrNull(PastKey) is null;
            scores = Keep(
                endsWithCount ? CausalTo(counts!) : AttentionParts.Causal(at, _queries, _keys, Past(at)), scores);
        }

        return counts is null ? scores : Keep(at.Add("Less", [_keys.Places(at), counts]), scores);
    }

    private Value Keep(Value kept, Value scores) => AttentionParts.Keep(at, kept, scores, _like, hidden);

    /// <summary>The last query's own key is the last that counts.</summary>
    private Value CausalTo(Value counts)
    {
        Value own = at.Add("Unsqueeze", [at.Add("Sub", [_queries.Places(at), _queries.Scalar(at)]), at.Longs(1)]);
        return at.Add("LessOrEqual", [_keys.Places(at), at.Add("Add", [counts, own])]);
    }

    /// <summary>A mask for all keys: those that it does not reach are hidden.</summary>
    private Value Padded(Value mask)
    {
        long given = AttentionParts.SizeOf(mask, -1);
        if (given == 0 || _keys.Known is not { } keys || given == keys) return mask;
        if (given > keys) throw at.Refusal($"a mask for {given} of {keys} keys");
        bool isBool = mask.Type == ElementType.Bool;
        Value numbers = isBool ? at.Add("Cast", [mask], ("to", (long)ElementType.Float32)) : mask;
        long[] pads = new long[2 * at.RankOf(mask)];
        pads[^1] = keys - given;
        Value number = isBool ? at.Constant(Tensor.Scalar(0f)) : AttentionParts.Number(at, float.NegativeInfinity, mask);
        Value all = at.Add("Pad", [numbers, at.Longs(pads), number]);
        if (!isBool) return all;
        Value result = at.Add("Cast", [all], ("to", (long)ElementType.Bool));
        result.Type = ElementType.Bool;
        return result;
    }

    private static AttentionLength Past(Rewriting at) =>
        at.InputOrNull(PastKey) is { } before ? AttentionLength.Of(at, before, 2) : AttentionLength.Zero;

    private static bool IsFinite(Value mask) =>
        mask.Constant is { } known && known.Type.IsFloat() && Array.TrueForAll(Elements.ToFloats(known), float.IsFinite);
}
