using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites.Learned;

/// <summary>(x − offset) · scale, with one number for all features or one for each.</summary>
internal sealed class Scaler() : LearnedRewrite("Scaler", new Arity(1, 1))
{
    protected override void Rewrite(Rewriting at)
    {
        float[] offset = Floats(at, "offset"), scale = Floats(at, "scale");
        Value x = Reals(at);
        if (offset.Length > 0) x = at.Add("Sub", [x, Vector(at, offset)]);
        at.Finish("Mul", [x, Vector(at, scale.Length > 0 ? scale : [1])]);
    }
}
