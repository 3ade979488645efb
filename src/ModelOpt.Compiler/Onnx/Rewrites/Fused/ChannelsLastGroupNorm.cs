using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites.Fused;

/// <summary>ONNX Runtime's GroupNorm, of [batch, height, width, channels] unless it says otherwise; SiLU may follow.</summary>
internal sealed class ChannelsLastGroupNorm() : NodeRewrite("GroupNorm", new Arity(3, 3))
{
    protected override void Rewrite(Rewriting at)
    {
        bool isLast = at.Node.Int("channels_last", 1) != 0;
        Value x = isLast ? at.Add("Transpose", [at.Input(0)], ("perm", new long[] { 0, 3, 1, 2 })) : at.Input(0);
        Value y = at.AddLayer(
            "GroupNormalization", [x, at.Input(1), at.Input(2)], ("num_groups", at.Node.Int("groups", 32)),
            ("epsilon", at.Node.Float("epsilon", 1e-5f)));
        if (at.Node.Int("activation", 0) != 0) y = at.Add("Mul", [y, at.Add("Sigmoid", [y])]);
        if (isLast) at.Finish("Transpose", [y], ("perm", new long[] { 0, 2, 3, 1 }));
        else at.Finish("Identity", [y]);
    }
}
