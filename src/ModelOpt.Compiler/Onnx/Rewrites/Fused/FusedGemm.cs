using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites.Fused;

/// <summary>A Gemm and an activation.</summary>
internal sealed class FusedGemm() : NodeRewrite("FusedGemm", new Arity(2, 3))
{
    private const string Prefix = "activation";

    protected override void Rewrite(Rewriting at)
    {
        (string, object)[] attributes =
            [.. at.Node.Attributes.Where(a => !a.Key.StartsWith(Prefix, StringComparison.Ordinal)).Select(a => (a.Key, a.Value))];
        Value?[] inputs = [at.Input(0), at.Input(1), at.InputOrNull(2)];
        string activation = at.Node.String(Prefix, "");
        if (activation.Length == 0) at.Finish("Gemm", inputs, attributes);
        else
        {
            float[] parameters = [at.Node.Float($"{Prefix}_alpha", 0), at.Node.Float($"{Prefix}_beta", 0)];
            FusedActivations.Finish(at, at.AddLayer("Gemm", inputs, attributes), activation, parameters);
        }
    }
}
