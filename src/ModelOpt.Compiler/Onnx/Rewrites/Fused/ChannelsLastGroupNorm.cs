using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites.Fused;

/// <summary>
/// ONNX Runtime's GroupNorm, of [batch, height, width, channels] unless it says otherwise; SiLU may follow. Its other form adds a skip
/// before (input 3), which may be one for all pixels, and a bias; the second output is that sum.
/// </summary>
internal sealed class ChannelsLastGroupNorm(string type, bool hasSkip)
    : NodeRewrite(type, hasSkip ? new Arity(4, 5, 2) : new Arity(3, 3))
{
    protected override void Rewrite(Rewriting at)
    {
        bool isLast = at.Node.Int("channels_last", 1) != 0;
        Value x = hasSkip ? Sum(at, isLast) : at.Input(0);
        if (isLast) x = at.Add("Transpose", [x], ("perm", new long[] { 0, 3, 1, 2 }));
        Value y = at.AddLayer(
            "GroupNormalization", [x, at.Input(1), at.Input(2)], ("num_groups", at.Node.Int("groups", 32)),
            ("epsilon", at.Node.Float("epsilon", 1e-5f)));
        if (at.Node.Int("activation", 0) != 0) y = at.Add("Mul", [y, at.Add("Sigmoid", [y])]);
        if (isLast) at.Finish("Transpose", [y], ("perm", new long[] { 0, 2, 3, 1 }));
        else at.Finish("Identity", [y]);
    }

    private static Value Sum(Rewriting at, bool isLast)
    {
        if (!isLast) throw at.Refusal("a skip with channels behind the batch");
        Value skip = at.Input(3);
        if (at.RankOf(skip) == 2) skip = at.Add("Unsqueeze", [skip, at.Longs(1, 2)]);
        Value sum = at.Add("Add", [at.Input(0), skip]);
        if (at.InputOrNull(4) is { } bias) sum = at.Add("Add", [sum, bias]);
        if (at.Reads(1)) at.Make(1, "Identity", [sum]);
        return sum;
    }
}
