using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites.Quantized;

/// <summary>Means of integers with scale and zero point, and behind them those of the output.</summary>
internal sealed class QLinearReduceMean() : NodeRewrite("QLinearReduceMean", new Arity(4, 5))
{
    protected override void Rewrite(Rewriting at)
    {
        Value? axes = at.Node.Ints("axes") is { } given ? at.Longs(given) : null;
        Value y = at.AddLayer("ReduceMean", [at.Dequantize(0), axes], ("keepdims", at.Node.Int("keepdims", 1)));
        at.FinishQuantized(y, at.Input(3), at.InputOrNull(4), at.Input(0));
    }
}
