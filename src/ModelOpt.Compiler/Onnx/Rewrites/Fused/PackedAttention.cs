using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites.Fused;

/// <summary>
/// ONNX Runtime's attention of sequences without padding, one behind the other, [tokens, width]: tokens look at those of their own
/// sequence. The layer is inside that makes queries, keys and values.
/// </summary>
internal sealed class PackedAttention() : NodeRewrite("PackedAttention", new Arity(5, 6))
{
    private const int Starts = 4;

    protected override void Rewrite(Rewriting at)
    {
        if (at.InputOrNull(5) is not null) throw at.Refusal("a bias of the scores");
        long heads = at.Node.Int("num_heads", 0), width = AttentionParts.SizeOf(at.Input(1), 1);
        long[] sizes = at.Node.Ints("qkv_hidden_sizes") is { Length: 3 } given ? given : [width / 3, width / 3, width / 3];
        if (heads <= 0 || width <= 0 || sizes.Sum() != width || sizes.Any(s => s <= 0 || s % heads != 0))
            throw at.Refusal($"a weight of shape {at.Input(1).Shape} for {heads} heads");
        Value all = at.Add("Add", [at.AddLayer("MatMul", [at.Input(0), at.Input(1)]), at.Input(2)]);
        Value[] parts = AttentionParts.Parts(at, all, 1, sizes);
        Finish(at, [.. parts.Select(p => AttentionParts.Split(at, at.Add("Unsqueeze", [p, at.Longs(0)]), heads))],
            at.Input(Starts), sizes[0] / heads, sizes[2]);
    }

    /// <summary>Makes the output of queries, keys and values, each [1, heads, tokens, size].</summary>
    /// <param name="starts">Where sequences start, and where the last ends.</param>
    /// <param name="size">The size of a head of queries.</param>
    /// <param name="width">That of all heads of values together.</param>
    public static void Finish(Rewriting at, Value[] parts, Value starts, long size, long width)
    {
        Value scores = AttentionParts.Scores(at, parts[0], parts[1], FusedAttentionMask.Scale(at), size);
        Value places = at.Add("Unsqueeze", [AttentionLength.Of(at, at.Input(0), 0).Places(at), at.Longs(1)]);
        Value begun = at.Add("LessOrEqual", [at.Add("Cast", [starts], ("to", (long)ElementType.Int64)), places]);
        // How many have started at a token says which it belongs to.
        Value counts = at.Add("Cast", [begun], ("to", (long)ElementType.Float32));
        Value sequence = at.Add("ReduceSum", [counts, at.Longs(1)], ("keepdims", 0L));
        Value kept = at.Add("Equal", [at.Add("Unsqueeze", [sequence, at.Longs(1)]), at.Add("Unsqueeze", [sequence, at.Longs(0)])]);
        Value shares = at.Add("Softmax", [AttentionParts.Keep(at, kept, scores, at.Input(0))], ("axis", -1L));
        Value y = AttentionParts.SwapHeads(at, at.Add("MatMul", [shares, parts[2]]));
        at.Finish("Reshape", [y, at.Longs(-1, width)]);
    }
}
