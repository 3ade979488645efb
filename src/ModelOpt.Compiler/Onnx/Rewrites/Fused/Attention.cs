using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites.Fused;

/// <summary>
/// ONNX's attention: of queries, keys and values, as [batch, heads, length, size] or [batch, length, heads · size], a mask, keys and values
/// of before, and how many keys of each sample count (input 6). Groups of query heads may share a head of keys and values.
/// </summary>
internal sealed class Attention() : NodeRewrite("Attention", new Arity(3, 7, 4))
{
    private const int Mask = 3;
    private const int PastKey = 4;
    private const int Counts = 6;
    private const int Products = 3;

    public override string Domain => "";

    public override int Since => 23;

    protected override void Rewrite(Rewriting at)
    {
        bool isFlat = at.RankOf(at.Input(0)) == 3;
        Value q = Heads(at, 0, isFlat, "q_num_heads"), ownKey = Heads(at, 1, isFlat, "kv_num_heads");
        Value k = Joined(at, PastKey, 1, ownKey), v = Joined(at, PastKey + 1, 2, Heads(at, 2, isFlat, "kv_num_heads"));
        long queryHeads = at.Node.Int("q_num_heads", AttentionParts.SizeOf(at.Input(0), 1));
        long keyHeads = at.Node.Int("kv_num_heads", AttentionParts.SizeOf(at.Input(1), 1));
        if (queryHeads <= 0 || keyHeads <= 0 || queryHeads % keyHeads != 0) throw at.Refusal($"{queryHeads} heads by {keyHeads}");
        if (queryHeads != keyHeads) (k, v) = (Repeat(at, k, queryHeads, keyHeads), Repeat(at, v, queryHeads, keyHeads));
        long size = AttentionParts.SizeOf(at.Input(0), -1) / (isFlat ? queryHeads : 1);
        float? scale = at.Node.Attributes.ContainsKey("scale") ? at.Node.Float("scale", 1) : null;
        Value products = AttentionParts.Scores(at, q, k, scale, size), scores = Masked(at, Capped(at, products));
        Value shares = at.Add("Softmax", [scores], ("axis", -1L));
        if (at.Reads(Products))
        {
            long mode = at.Node.Int("qk_matmul_output_mode", 0);
            if (mode is not (0 or 3)) throw at.Refusal($"qk_matmul_output_mode {mode}");
            at.Make(Products, "Identity", [mode == 0 ? products : shares]);
        }

        if (!isFlat)
        {
            at.Finish("MatMul", [shares, v]);
            return;
        }

        Value y = AttentionParts.SwapHeads(at, at.AddLayer("MatMul", [shares, v]));
        at.Finish("Reshape", [y, at.Longs(0, 0, -1)]);
    }

    private static Value Heads(Rewriting at, int index, bool isFlat, string heads) =>
        isFlat ? AttentionParts.Split(at, at.Input(index), at.Node.Int(heads, 0)) : at.Input(index);

    /// <summary>Keys or values of before, and then those of now: an output of the node, too.</summary>
    private static Value Joined(Rewriting at, int past, int output, Value own)
    {
        Value all = at.InputOrNull(past) is { } before ? at.Add("Concat", [before, own], ("axis", 2L)) : own;
        if (at.Reads(output)) at.Make(output, "Identity", [all]);
        return all;
    }

    private static Value Repeat(Rewriting at, Value x, long queryHeads, long keyHeads)
    {
        long[] heads = [.. Enumerable.Range(0, (int)queryHeads).Select(i => i / (queryHeads / keyHeads))];
        return at.Add("Gather", [x, at.Longs(heads)], ("axis", 1L));
    }

    private static Value Capped(Rewriting at, Value scores)
    {
        float cap = at.Node.Float("softcap", 0);
        if (cap == 0) return scores;
        Value number = AttentionParts.Number(at, cap, at.Input(0));
        return at.Add("Mul", [at.Add("Tanh", [at.Add("Div", [scores, number])]), number]);
    }

    private static Value Masked(Rewriting at, Value scores)
    {
        Value? counts = at.InputOrNull(Counts);
        if (at.InputOrNull(Mask) is { } mask)
        {
            long given = AttentionParts.SizeOf(mask, -1), own = Keys(at);
            if (given > 0 && own > 0 && given != own) throw at.Refusal($"a mask for {given} of {own} keys");
            if (mask.Type == ElementType.Undefined) throw at.Refusal("a mask of a type that the file does not say");
            scores = mask.Type == ElementType.Bool ? AttentionParts.Keep(at, mask, scores, at.Input(0)) : at.Add("Add", [scores, mask]);
        }

        if (at.Node.Int("is_causal", 0) != 0)
        {
            if (counts is not null) throw at.Refusal("causal attention to keys that are counted");
            bool isFlat = at.RankOf(at.Input(0)) == 3;
            int queries = AttentionParts.Length(at, at.Input(0), isFlat ? 1 : 2, "causal attention by queries");
            int past = at.InputOrNull(PastKey) is { } before ? AttentionParts.Length(at, before, 2, "causal attention to a past") : 0;
            int keys = AttentionParts.Length(at, at.Input(1), isFlat ? 1 : 2, "causal attention to keys") + past;
            scores = AttentionParts.Keep(at, AttentionParts.Causal(at, queries, keys, past), scores, at.Input(0));
        }

        if (counts is null) return scores;
        long all = Keys(at);
        if (all <= 0) throw at.Refusal("counted keys of open length");
        Value places = at.Longs([.. Enumerable.Range(0, (int)all).Select(i => (long)i)]);
        Value limits = at.Add("Reshape", [counts, at.Longs(-1, 1, 1, 1)]);
        return AttentionParts.Keep(at, at.Add("Less", [places, limits]), scores, at.Input(0));
    }

    /// <summary>The number of keys, or 0 where it is not known.</summary>
    private static long Keys(Rewriting at)
    {
        long own = AttentionParts.SizeOf(at.Input(1), at.RankOf(at.Input(1)) == 3 ? 1 : 2);
        if (own == 0 || at.InputOrNull(PastKey) is not { } before) return own;
        return AttentionParts.SizeOf(before, 2) is var past && before.Shape?[2].IsKnown == true ? own + past : 0;
    }
}
