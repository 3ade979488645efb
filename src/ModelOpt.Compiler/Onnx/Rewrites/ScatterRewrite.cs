using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites;

/// <summary>ScatterElements by the name that it had up to opset 10.</summary>
internal sealed class ScatterRewrite() : NodeRewrite("Scatter", new Arity(3, 3))
{
    public override string Domain => "";

    public override int Since => 9;

    protected override void Rewrite(Rewriting at) =>
        at.Finish("ScatterElements", [at.Input(0), at.Input(1), at.Input(2)], ("axis", at.Node.Int("axis", 0)));
}
