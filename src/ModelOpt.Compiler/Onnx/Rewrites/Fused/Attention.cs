using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites.Fused;

/// <summary>
/// ONNX's attention: of queries, keys and values, as [batch, heads, length, size] or [batch, length, heads · size], a mask, keys and values
/// of before, and how many keys of each sample count (input 6). Groups of query heads may share a head of keys and values.
/// </summary>
internal sealed class Attention() : NodeRewrite("Attention", new Arity(3, 7, 4))
{
    private const int PastKey = 4;
    private const int Products = 3;

    // What the fourth output shows, beside the bare products.
    private const long CappedScores = 1;
    private const long MaskedScores = 2;
    private const long Shares = 3;

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
        (k, v) = (AttentionParts.Repeat(at, k, queryHeads, keyHeads), AttentionParts.Repeat(at, v, queryHeads, keyHeads));
        long size = AttentionParts.SizeOf(at.Input(0), -1) / (isFlat ? queryHeads : 1);
        float? scale = at.Node.Attributes.ContainsKey("scale") ? at.Node.Float("scale", 1) : null;
        Value products = AttentionParts.Scores(at, q, k, scale, size), capped = AttentionParts.Capped(at, products, at.Input(0));
        long mode = at.Reads(Products) ? at.Node.Int("qk_matmul_output_mode", 0) : Shares;
        var mask = new AttentionMask(at, isFlat, mode == MaskedScores ? float.NegativeInfinity : AttentionParts.Hidden);
        Value masked = mask.Apply(capped);
        Value shares = mask.MayHideAll ? AttentionParts.SharesOrNone(at, masked, at.Input(0)) : at.Add("Softmax", [masked], ("axis", -1L));
        if (at.Reads(Products))
        {
            Value read = mode switch
            {
                0 => products,
                CappedScores => capped,
                MaskedScores => masked,
                Shares => shares,
                _ => throw at.Refusal($"qk_matmul_output_mode {mode}"),
            };
            at.Make(Products, "Identity", [read]);
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
}
