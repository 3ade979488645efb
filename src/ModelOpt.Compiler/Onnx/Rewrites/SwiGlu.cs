using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites;

/// <summary>a · sigmoid(alpha · a) · b.</summary>
internal sealed class SwiGlu() : NodeRewrite("SwiGLU", new Arity(2, 2))
{
    public override string Domain => "";

    public override int Since => 28;

    protected override void Rewrite(Rewriting at)
    {
        Value a = at.Input(0);
        float alpha = at.Node.Float("alpha", 1);
        Value inner = alpha == 1 ? a : at.Add("Mul", [a, at.ConstantLike(Tensor.Scalar(alpha), a)]);
        at.Finish("Mul", [at.Add("Mul", [a, at.Add("Sigmoid", [inner])]), at.Input(1)]);
    }
}
