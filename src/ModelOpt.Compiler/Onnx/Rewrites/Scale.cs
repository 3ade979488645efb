using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites;

/// <summary>The operator of early ONNX that is x times attribute <c>scale</c>.</summary>
internal sealed class Scale() : NodeRewrite("Scale", new Arity(1, 1))
{
    public override string Domain => "";

    protected override void Rewrite(Rewriting at) => at.Finish(
        "Mul", [at.Input(0), at.ConstantLike(Tensor.Scalar(at.Node.Float("scale", 1)), at.Input(0))]);
}
