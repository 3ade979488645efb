using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites.Fused;

/// <summary>The sum of x, a bias along its last axis, and a skip.</summary>
internal sealed class BiasAdd() : NodeRewrite("BiasAdd", new Arity(3, 3))
{
    protected override void Rewrite(Rewriting at) => at.Finish("Add", [at.Add("Add", [at.Input(0), at.Input(1)]), at.Input(2)]);
}
