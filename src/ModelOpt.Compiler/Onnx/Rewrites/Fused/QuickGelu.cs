using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites.Fused;

/// <summary>x · sigmoid(alpha · x).</summary>
internal sealed class QuickGelu() : NodeRewrite("QuickGelu", new Arity(1, 1))
{
    private const float Alpha = 1.702f;

    protected override void Rewrite(Rewriting at)
    {
        Value x = at.Input(0), alpha = at.Constant(Tensor.Scalar(at.Node.Float("alpha", Alpha)));
        at.Finish("Mul", [x, at.Add("Sigmoid", [at.Add("Mul", [x, alpha])])]);
    }
}
