using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites.Fused;

/// <summary>
/// ONNX Runtime's Unique, which is older than ONNX's: the elements that differ, in the order in which they come first, then which of them
/// each element is, and how often each comes.
/// </summary>
internal sealed class UniqueRewrite() : NodeRewrite("Unique", new Arity(1, 1, 3))
{
    protected override void Rewrite(Rewriting at)
    {
        Value[] found = at.AddSeveral("Unique", [at.Input(0)], 4, ("sorted", 0L));
        if (at.Reads(1)) at.Make(1, "Identity", [found[2]]);
        if (at.Reads(2)) at.Make(2, "Identity", [found[3]]);
        at.Finish("Identity", [found[0]]);
    }
}
