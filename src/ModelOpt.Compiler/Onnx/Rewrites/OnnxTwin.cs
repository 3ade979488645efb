using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites;

/// <summary>An operator of ONNX Runtime that is one of ONNX's, of which ONNX had no such version when the model was written.</summary>
/// <param name="own">The name of ONNX's operator, where it is another.</param>
internal sealed class OnnxTwin(string type, Arity arity, string? own = null, string domain = NodeRewrite.Microsoft)
    : NodeRewrite(type, arity)
{
    public override string Domain => domain;

    protected override bool TakesAnyNumber => true;

    protected override void Rewrite(Rewriting at)
    {
        for (int i = 1; i < at.Node.Outputs.Count; i++)
            if (at.Reads(i)) throw at.Refusal($"its output {i}");
        at.Finish(own ?? Type, [.. at.Node.Inputs], [.. at.Node.Attributes.Select(a => (a.Key, a.Value))]);
    }
}
