using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites.Fused;

/// <summary>The first half of x + bias along the last axis, times Gelu of the second.</summary>
internal sealed class BiasSplitGelu() : NodeRewrite("BiasSplitGelu", new Arity(2, 2))
{
    protected override void Rewrite(Rewriting at)
    {
        long size = AttentionParts.SizeOf(at.Input(1), 0);
        if (size <= 0 || size % 2 != 0) throw at.Refusal($"a bias of shape {at.Input(1).Shape}");
        Value[] halves = AttentionParts.Parts(at, at.Add("Add", [at.Input(0), at.Input(1)]), -1, size / 2, size / 2);
        at.Finish("Mul", [halves[0], at.AddLayer("Gelu", [halves[1]])]);
    }
}
