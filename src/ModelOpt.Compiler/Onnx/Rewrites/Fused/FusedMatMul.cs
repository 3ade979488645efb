using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Movement;

namespace ModelOpt.Compiler.Onnx.Rewrites.Fused;

/// <summary>A MatMul whose inputs may be transposed (their last two axes), times attribute <c>alpha</c>.</summary>
internal sealed class FusedMatMul(string type) : NodeRewrite(type, new Arity(2, 2))
{
    protected override void Rewrite(Rewriting at)
    {
        if (at.Node.Int("transBatchA", 0) != 0 || at.Node.Int("transBatchB", 0) != 0) throw at.Refusal("transposed batches");
        Value a = Transpose(at, 0, "transA"), b = Transpose(at, 1, "transB");
        float alpha = at.Node.Float("alpha", 1);
        if (alpha == 1) at.Finish("MatMul", [a, b]);
        else at.Finish("Mul", [at.AddLayer("MatMul", [a, b]), at.Constant(Tensor.Scalar(alpha))]);
    }

    private static Value Transpose(Rewriting at, int index, string attribute)
    {
        Value value = at.Input(index);
        if (at.Node.Int(attribute, 0) == 0 || at.RankOf(value) is not (>= 2 and var rank)) return value;
        long[] order = [.. Enumerable.Range(0, rank).Select(i => (long)i)];
        (order[^1], order[^2]) = (order[^2], order[^1]);
        return at.Add("Transpose", [value], ("perm", order));
    }
}
