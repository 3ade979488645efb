using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites;

/// <summary>The operator of early ONNX that is alpha · x + beta.</summary>
internal sealed class Affine() : NodeRewrite("Affine", new Arity(1, 1))
{
    public override string Domain => "";

    protected override void Rewrite(Rewriting at)
    {
        Value x = at.Input(0), product = at.Add("Mul", [x, at.ConstantLike(Tensor.Scalar(at.Node.Float("alpha", 1)), x)]);
        at.Finish("Add", [product, at.ConstantLike(Tensor.Scalar(at.Node.Float("beta", 0)), x)]);
    }
}
