using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites.Fused;

/// <summary>
/// ONNX Runtime's attention of queries, keys and values: [batch, length, heads · size], or packed as [batch, length, heads, 3 or 2, size],
/// or keys and values as [batch, heads, length, size]. Input 3 is a bias of all three, input 4 masks keys, input 5 is added to the scores,
/// inputs 6 and 7 are keys and values of before.
/// </summary>
internal sealed class MultiHeadAttention() : NodeRewrite("MultiHeadAttention", new Arity(1, 8, 4))
{
    private const int Bias = 3;
    private const int Past = 6;

    protected override void Rewrite(Rewriting at)
    {
        (Value q, Value k, Value v, long size) = Projected(at);
        (k, v) = (Joined(at, 0, k), Joined(at, 1, v));
        Value scores = AttentionParts.Scores(at, q, k, FusedAttentionMask.Scale(at), size);
        AttentionLength queries = AttentionLength.Of(at, at.Input(0), 1), keys = Keys(at);
        scores = FusedAttentionMask.Causal(at, scores, queries, keys);
        scores = FusedAttentionMask.Apply(at, scores, at.InputOrNull(4), at.InputOrNull(5), keys);
        if (at.Reads(3)) throw at.Refusal("its output of scores");
        FusedAttentionMask.Finish(at, scores, v, isNamed: false);
    }

    /// <summary>Queries, keys and values as [batch, heads, length, size].</summary>
    private static (Value Q, Value K, Value V, long Size) Projected(Rewriting at)
    {
        long heads = at.Node.Int("num_heads", 0);
        if (heads <= 0) throw at.Refusal($"{heads} heads");
        Value query = at.Input(0);
        long size = at.RankOf(query) == 5 ? AttentionParts.SizeOf(query, 4) : AttentionParts.SizeOf(query, 2) / heads;
        if (size <= 0) throw at.Refusal("a size of heads that the file does not say");
        Value[] biases = at.InputOrNull(Bias) is { } bias ? Biases(at, bias, heads * size) : [];
        if (at.RankOf(query) == 5) return (Packed(query, 0), Packed(query, 1), Packed(query, 2), size);
        Value q = Flat(query, 0);
        if (at.InputOrNull(1) is not { } key) throw at.Refusal("queries of all three in a row");
        if (at.RankOf(key) == 5) return (q, Packed(key, 0, 1), Packed(key, 1, 2), size);
        Value value = at.Input(2);
        return (q, at.RankOf(key) == 4 ? key : Flat(key, 1), at.RankOf(value) == 4 ? value : Flat(value, 2), size);

        Value Flat(Value x, int part) =>
            AttentionParts.Split(at, biases.Length == 0 ? x : at.Add("Add", [x, biases[part]]), heads);

        Value Packed(Value x, int place, int part = -1)
        {
            Value picked = AttentionParts.Pick(at, x, 3, place);
            if (biases.Length > 0)
            {
                Value own = at.Add("Reshape", [biases[part < 0 ? place : part], at.Longs(heads, size)]);
                picked = at.Add("Add", [picked, own]);
            }

            return AttentionParts.SwapHeads(at, picked);
        }
    }

    private static Value[] Biases(Rewriting at, Value bias, long width)
    {
        long all = AttentionParts.SizeOf(bias, 0);
        if (all <= 2 * width) throw at.Refusal($"a bias of shape {bias.Shape}");
        return AttentionParts.Parts(at, bias, 0, width, width, all - (2 * width));
    }

    /// <summary>Keys or values with those of before: an output, too.</summary>
    private static Value Joined(Rewriting at, int which, Value own)
    {
        Value all = at.InputOrNull(Past + which) is { } past ? at.Add("Concat", [past, own], ("axis", 2L)) : own;
        if (at.Reads(1 + which)) at.Make(1 + which, "Identity", [all]);
        return all;
    }

    private static AttentionLength Keys(Rewriting at)
    {
        Value key = at.InputOrNull(1) ?? at.Input(0);
        AttentionLength own = AttentionLength.Of(at, key, at.RankOf(key) == 4 ? 2 : 1);
        return at.InputOrNull(Past) is { } past ? own.Plus(at, AttentionLength.Of(at, past, 2)) : own;
    }
}
