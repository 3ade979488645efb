using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites;

/// <summary>
/// A convolution of each channel with its own kernel, over what lies before: [batch, channels, length], the last numbers of the call before
/// (input 3) ahead of it. The last numbers of this call are the second output.
/// </summary>
internal sealed class CausalConvWithState() : NodeRewrite("CausalConvWithState", new Arity(2, 4, 2))
{
    private const int Past = 3;

    public override string Domain => "";

    public override int Since => 27;

    protected override void Rewrite(Rewriting at)
    {
        string activation = at.Node.String("activation", "none");
        if (activation is not ("none" or "silu" or "swish")) throw at.Invalid("activation", $"is '{activation}'");
        Value x = at.Input(0), weight = at.Input(1);
        long channels = AttentionParts.SizeOf(weight, 0), kernel = AttentionParts.SizeOf(weight, -1), before = kernel - 1;
        if (at.RankOf(weight) != 3 || channels <= 0 || kernel <= 0) throw at.Refusal($"a weight of shape {weight.Shape}");
        Value all = at.InputOrNull(Past) is { } past ? at.Add("Concat", [past, x], ("axis", 2L))
            : before == 0 ? x
            : at.Add("Pad", [x, at.Longs(0, 0, before, 0, 0, 0)]);
        if (at.Reads(1)) at.Make(1, "Slice", [all, Start(at, before), at.Longs(long.MaxValue), at.Longs(2)]);
        Value?[] inputs = [all, weight, at.InputOrNull(2)];
        if (activation == "none")
        {
            at.Finish("Conv", inputs, ("group", channels));
            return;
        }

        Value y = at.AddLayer("Conv", inputs, ("group", channels));
        at.Finish("Mul", [y, at.Add("Sigmoid", [y])]);
    }

    /// <summary>Where the last numbers begin; behind the end for none.</summary>
    private static Value Start(Rewriting at, long count) => at.Longs(count == 0 ? long.MaxValue : -count);
}
