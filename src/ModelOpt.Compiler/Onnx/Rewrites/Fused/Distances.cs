using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites.Fused;

/// <summary>The distance of each row of one matrix from each of another, or its square: [rows, rows of the other].</summary>
internal sealed class Distances() : NodeRewrite("CDist", new Arity(2, 2))
{
    protected override void Rewrite(Rewriting at)
    {
        string metric = at.Node.String("metric", "sqeuclidean");
        if (metric is not ("euclidean" or "sqeuclidean")) throw at.Invalid("metric", $"is '{metric}'");
        Value difference = at.Add(
            "Sub", [at.Add("Unsqueeze", [at.Input(0), at.Longs(1)]), at.Add("Unsqueeze", [at.Input(1), at.Longs(0)])]);
        at.Finish(metric == "euclidean" ? "ReduceL2" : "ReduceSumSquare", [difference, at.Longs(-1)], ("keepdims", 0L));
    }
}
