using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites.Learned;

/// <summary>The features of x that indices say, along the last axis; a vector is one row.</summary>
internal sealed class ArrayFeatureExtractor() : LearnedRewrite("ArrayFeatureExtractor", new Arity(2, 2))
{
    protected override void Rewrite(Rewriting at)
    {
        Value x = at.Input(0), indices = at.Input(1);
        if (x.Shape is { Rank: 1 }) x = at.Add("Unsqueeze", [x, at.Constant(Tensor.Vector(0L))]);
        if (indices.Shape is not { Rank: 1 }) indices = at.Add("Reshape", [indices, at.Constant(Tensor.Vector(-1L))]);
        at.Finish("Gather", [x, indices], ("axis", -1L));
    }
}
