using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites.Fused;

/// <summary>ONNX Runtime's MaxPool of [batch, height, width, channels].</summary>
internal sealed class ChannelsLastPool() : NodeRewrite("NhwcMaxPool", new Arity(1, 1))
{
    protected override void Rewrite(Rewriting at)
    {
        Value y = at.AddLayer(
            "MaxPool", [First(at, at.Input(0))], [.. at.Node.Attributes.Select(a => (a.Key, a.Value))]);
        at.Finish("Transpose", [y], ("perm", Back(at)));
    }

    /// <summary>A value with its channels behind the batch.</summary>
    public static Value First(Rewriting at, Value x)
    {
        int rank = at.RankOf(x);
        if (rank < 3) throw at.Refusal($"{rank} dimensions");
        return at.Add("Transpose", [x], ("perm", (long[])[0, rank - 1, .. Enumerable.Range(1, rank - 2).Select(a => (long)a)]));
    }

    /// <summary>The order that brings channels behind the pixels again.</summary>
    public static long[] Back(Rewriting at) =>
        [0, .. Enumerable.Range(2, at.RankOf(at.Input(0)) - 2).Select(a => (long)a), 1];
}
