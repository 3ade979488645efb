using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites.Fused;

/// <summary>
/// ONNX Runtime's attention of queries, keys and values of sequences without padding, one behind the other: [tokens, heads · size], or all
/// three packed as [tokens, heads, 3, size]. Input 3 is a bias of all three, input 5 says where sequences start.
/// </summary>
internal sealed class PackedMultiHeadAttention() : NodeRewrite("PackedMultiHeadAttention", new Arity(1, 7))
{
    private const int Bias = 3;
    private const int Starts = 5;

    protected override void Rewrite(Rewriting at)
    {
        if (at.InputOrNull(6) is not null) throw at.Refusal("a bias of the scores");
        long heads = at.Node.Int("num_heads", 0);
        bool isPacked = at.RankOf(at.Input(0)) == 4;
        long size = isPacked ? AttentionParts.SizeOf(at.Input(0), 3) : heads <= 0 ? 0 : AttentionParts.SizeOf(at.Input(0), 1) / heads;
        if (size <= 0) throw at.Refusal($"{heads} heads of a size that the file does not say");
        long own = isPacked ? size * heads : AttentionParts.SizeOf(at.Input(2), 1);
        if (own <= 0 || own % heads != 0) throw at.Refusal($"values of shape {at.Input(2).Shape} for {heads} heads");
        Value[] flat = isPacked
            ? [.. Enumerable.Range(0, 3).Select(i => at.Add(
                "Reshape", [AttentionParts.Pick(at, at.Input(0), 2, i), at.Longs(0, heads * size)]))]
            : [at.Input(0), at.Input(1), at.Input(2)];
        if (at.InputOrNull(Bias) is { } bias)
        {
            Value[] biases = AttentionParts.Parts(at, bias, 0, heads * size, heads * size, own);
            flat = [.. flat.Zip(biases, (x, b) => at.Add("Add", [x, b]))];
        }

        PackedAttention.Finish(
            at, [.. flat.Select(x => AttentionParts.Split(at, at.Add("Unsqueeze", [x, at.Longs(0)]), heads))], at.Input(Starts), size, own);
    }
}
