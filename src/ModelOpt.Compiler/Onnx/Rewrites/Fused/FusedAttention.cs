using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites.Fused;

/// <summary>
/// ONNX Runtime's Attention: a layer that makes queries, keys and values of one input, and their attention. Input 3 masks keys, input 4 has
/// keys and values of before, input 5 is added to the scores.
/// </summary>
internal sealed class FusedAttention() : NodeRewrite("Attention", new Arity(2, 6, 2))
{
    private const int Past = 4;

    protected override void Rewrite(Rewriting at)
    {
        if (at.Node.Int("do_rotary", 0) != 0) throw at.Refusal("positions that it rotates by itself");
        if (at.Node.Int("past_present_share_buffer", 0) != 0) throw at.Refusal("a buffer that past and present share");
        long heads = at.Node.Int("num_heads", 0), width = AttentionParts.SizeOf(at.Input(1), 1);
        long[] sizes = at.Node.Ints("qkv_hidden_sizes") is { Length: 3 } given ? given : [width / 3, width / 3, width / 3];
        if (heads <= 0 || width <= 0 || sizes.Sum() != width || sizes.Any(s => s <= 0 || s % heads != 0))
            throw at.Refusal($"a weight of shape {at.Input(1).Shape} for {heads} heads");
        Value all = at.AddLayer("MatMul", [at.Input(0), at.Input(1)]);
        if (at.InputOrNull(2) is { } bias) all = at.Add("Add", [all, bias]);
        Value[] parts = AttentionParts.Parts(at, all, 2, sizes);
        Value q = AttentionParts.Split(at, parts[0], heads);
        (Value k, Value v) = Joined(at, AttentionParts.Split(at, parts[1], heads), AttentionParts.Split(at, parts[2], heads));
        Value scores = AttentionParts.Scores(at, q, k, FusedAttentionMask.Scale(at), sizes[0] / heads);
        AttentionLength queries = AttentionLength.Of(at, at.Input(0), 1), keys = queries.Plus(at, Before(at));
        scores = FusedAttentionMask.Causal(at, scores, queries, keys);
        scores = FusedAttentionMask.Apply(at, scores, at.InputOrNull(3), at.InputOrNull(5), keys);
        FusedAttentionMask.Finish(at, scores, v, isNamed: true);
    }

    private static AttentionLength Before(Rewriting at) =>
        at.InputOrNull(Past) is { } past ? AttentionLength.Of(at, past, 3) : AttentionLength.Zero;

    /// <summary>Keys and values with those of before, [2, batch, heads, length, size]: the second output, too.</summary>
    private static (Value Keys, Value Values) Joined(Rewriting at, Value k, Value v)
    {
        if (at.InputOrNull(Past) is { } past)
        {
            k = at.Add("Concat", [AttentionParts.Pick(at, past, 0, 0), k], ("axis", 2L));
            v = at.Add("Concat", [AttentionParts.Pick(at, past, 0, 1), v], ("axis", 2L));
        }

        if (at.Reads(1))
        {
            Value first = at.Longs(0);
            at.Make(1, "Concat", [at.Add("Unsqueeze", [k, first]), at.Add("Unsqueeze", [v, first])], ("axis", 0L));
        }

        return (k, v);
    }
}
