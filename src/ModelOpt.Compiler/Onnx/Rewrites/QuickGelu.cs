using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;

namespace ModelOpt.Compiler.Onnx.Rewrites;

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
