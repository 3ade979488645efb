using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites.Quantized;

/// <summary>
/// Elements of one tensor of integers or of another, each with scale and zero point, and behind them those of the output.
/// </summary>
internal sealed class QLinearWhere() : NodeRewrite("QLinearWhere", new Arity(9, 9))
{
    protected override void Rewrite(Rewriting at)
    {
        Value y = at.AddLayer("Where", [at.Input(0), at.Dequantize(1), at.Dequantize(4)]);
        at.FinishQuantized(y, at.Input(7), at.InputOrNull(8), at.Input(1));
    }
}
