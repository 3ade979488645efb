using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites;

/// <summary>The operator of early ONNX that is Slice with inputs: data, starts, ends and, optionally, axes.</summary>
internal sealed class DynamicSlice() : NodeRewrite("DynamicSlice", new Arity(3, 4))
{
    public override string Domain => "";

    protected override void Rewrite(Rewriting at) => at.Finish("Slice", [.. at.Node.Inputs]);
}
