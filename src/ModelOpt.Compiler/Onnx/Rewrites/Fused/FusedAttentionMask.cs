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
    public static Value Apply(Rewriting at, Value scores, Value? mask, Value? bias, AttentionLength keys)
    {
        if (mask is not null) scores = at.Add("Add", [scores, Filtered(at, mask, keys)]);
        return bias is null ? scores : at.Add("Add", [scores, bias]);
    }

    /// <summary>Hides the keys behind each query's own, where the node asks for it; the last query's own is the last key.</summary>
    public static Value Causal(Rewriting at, Value scores, AttentionLength queries, AttentionLength keys) =>
        at.Node.Int("unidirectional", 0) == 0 ? scores
        : AttentionParts.Keep(at, AttentionParts.Causal(at, queries, keys, keys.Minus(at, queries)), scores, at.Input(0));

    /// <summary>Makes the output: the shares of the scores, times values, heads in a row.</summary>
    public static void Finish(Rewriting at, Value scores, Value v, bool isNamed)
    {
        Value shares = at.Add("Softmax", [scores], ("axis", -1L));
        Value y = isNamed ? at.Add("MatMul", [shares, v]) : at.AddLayer("MatMul", [shares, v]);
        at.Finish("Reshape", [AttentionParts.SwapHeads(at, y), at.Longs(0, 0, -1)]);
    }

    /// <summary>The node's scale, or null for one over the root of the heads' size.</summary>
    public static float? Scale(Rewriting at) => at.Node.Float("scale", 0) is var scale and not 0 ? scale : null;

    private static Value Filtered(Rewriting at, Value mask, AttentionLength keys)
    {
        Value zero = at.Constant(Tensor.Scalar(0)), hidden;
        switch (at.RankOf(mask))
        {
            case 1:
                Dim batch = at.Input(0).Shape![0];
                if (mask.Shape![0] != batch) throw at.Refusal($"a mask of shape {mask.Shape}");
                Value counts = at.Add("Cast", [mask], ("to", (long)ElementType.Int64));
                hidden = at.Add("GreaterOrEqual", [keys.Places(at), at.Add("Reshape", [counts, at.Longs(-1, 1, 1, 1)])]);
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
