using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites.Quantized;

/// <summary>Integers joined: scale and zero point of the output, then each input with its own.</summary>
internal sealed class QLinearConcat() : NodeRewrite("QLinearConcat", new Arity(5, Arity.Any))
{
    protected override void Rewrite(Rewriting at)
    {
        int count = at.Node.Inputs.Count;
        if (count % 3 != 2) throw at.Refusal($"{count} inputs");
        Value[] parts = [.. Enumerable.Range(0, (count - 2) / 3).Select(i => at.Dequantize(2 + (3 * i)))];
        Value y = at.AddLayer("Concat", parts, ("axis", at.Node.Int("axis", 1)));
        at.FinishQuantized(y, at.Input(0), at.Input(1), at.Input(2));
    }
}
