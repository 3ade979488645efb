using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Onnx.Rewrites.Fused;

/// <summary>
/// What ONNX Runtime's Attention and MultiHeadAttention do between the products and behind: masks, a bias, shares, heads in a row.
/// </summary>
internal static class FusedAttentionMask
{
    private const float Filter = -10000;

    /// <summary>Adds a bias to scores, and to those of keys that a mask has no number above 0 for, <c>mask_filter_value</c>.</summary>
    /// <param name="mask">[batch], the number of keys; or a number for each key, [batch, keys], or for each query too.</param>
    /// <param name="keys">The number of keys; 0 where it is not known.</param>
    public static Value Apply(Rewriting at, Value scores, Value? mask, Value? bias, long keys)
    {
        if (mask is not null) scores = at.Add("Add", [scores, Filtered(at, mask, keys)]);
        return bias is null ? scores : at.Add("Add", [scores, bias]);
    }

    /// <summary>Hides the keys behind each query's own, where the node asks for it.</summary>
    public static Value Causal(Rewriting at, Value scores, Func<(int Queries, int Keys)> lengths)
    {
        if (at.Node.Int("unidirectional", 0) == 0) return scores;
        (int queries, int keys) = lengths();
        return AttentionParts.Keep(at, AttentionParts.Causal(at, queries, keys, keys - queries), scores, at.Input(0));
    }

    /// <summary>Makes the output: the shares of the scores, times values, heads in a row.</summary>
    public static void Finish(Rewriting at, Value scores, Value v, bool isNamed)
    {
        Value shares = at.Add("Softmax", [scores], ("axis", -1L));
        Value y = isNamed ? at.Add("MatMul", [shares, v]) : at.AddLayer("MatMul", [shares, v]);
        at.Finish("Reshape", [AttentionParts.SwapHeads(at, y), at.Longs(0, 0, -1)]);
    }

    /// <summary>The node's scale, or null for one over the root of the heads' size.</summary>
    public static float? Scale(Rewriting at) => at.Node.Float("scale", 0) is var scale and not 0 ? scale : null;

    private static Value Filtered(Rewriting at, Value mask, long keys)
    {
        Value zero = at.Constant(Tensor.Scalar(0)), hidden;
        switch (at.RankOf(mask))
        {
            case 1:
                if (keys <= 0) throw at.Refusal("counted keys of open length");
                Dim batch = at.Input(0).Shape![0];
                if (mask.Shape![0] != batch) throw at.Refusal($"a mask of shape {mask.Shape}");
                Tensor places = Tensor.Vector<int>([.. Enumerable.Range(0, (int)keys)]);
                hidden = at.Add(
                    "GreaterOrEqual", [at.Constant(places), at.Add("Reshape", [mask, at.Longs(-1, 1, 1, 1)])]);
                break;
            case 2:
                hidden = at.Add("LessOrEqual", [at.Add("Unsqueeze", [mask, at.Longs(1, 2)]), zero]);
                break;
            case 3:
                hidden = at.Add("LessOrEqual", [at.Add("Unsqueeze", [mask, at.Longs(1)]), zero]);
                break;
            default: throw at.Refusal($"a mask of shape {mask.Shape}");
        }

        Value like = at.Input(0), filter = AttentionParts.Number(at, at.Node.Float("mask_filter_value", Filter), like);
        return at.Add("Where", [hidden, filter, AttentionParts.Number(at, 0, like)]);
    }
}
