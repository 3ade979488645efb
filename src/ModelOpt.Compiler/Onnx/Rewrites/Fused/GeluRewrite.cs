using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites.Fused;

/// <summary>Gelu of x, or of x and a bias (input 1).</summary>
/// <param name="approximate">ONNX's name of the way it is computed.</param>
internal sealed class GeluRewrite(string type, int least, int most, string approximate) : NodeRewrite(type, new Arity(least, most))
{
    protected override void Rewrite(Rewriting at)
    {
        Value x = at.InputOrNull(1) is { } bias ? at.Add("Add", [at.Input(0), bias]) : at.Input(0);
        at.Finish("Gelu", [x], ("approximate", approximate));
    }
}
