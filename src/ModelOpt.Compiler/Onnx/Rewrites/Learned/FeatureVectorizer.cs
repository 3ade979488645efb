using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites.Learned;

/// <summary>The features of several inputs one after another.</summary>
internal sealed class FeatureVectorizer() : LearnedRewrite("FeatureVectorizer", new Arity(1, Arity.Any))
{
    protected override void Rewrite(Rewriting at) =>
        at.Finish("Concat", [.. Enumerable.Range(0, at.Node.Inputs.Count).Select(i => Rows(at, i))], ("axis", 1L));
}
