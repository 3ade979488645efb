using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites.Fused;

/// <summary>ONNX Runtime's Unsqueeze by one axis, which input 1 says.</summary>
internal sealed class ExpandDims() : NodeRewrite("ExpandDims", new Arity(2, 2))
{
    protected override void Rewrite(Rewriting at) => at.Finish("Unsqueeze", [at.Input(0), at.Longs(at.KnownInts(1, "axis"))]);
}
