using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites.Quantized;

/// <summary>
/// A matrix product of integers: a, b and y with scale and zero point each. Several scales are of a's rows and b's columns.
/// </summary>
internal sealed class QLinearMatMul() : NodeRewrite("QLinearMatMul", new Arity(8, 8))
{
    public override string Domain => "";

    public override int Since => 10;

    protected override void Rewrite(Rewriting at)
    {
        foreach (int scale in new[] { 1, 4, 6 })
        {
            if (at.Input(scale).Shape is { Rank: > 1 }) throw at.Refusal($"its scale '{at.Input(scale).Name}' has more than one dimension");
        }

        Value a = at.Dequantize(0, axis: -2);
        Value b = at.Dequantize(3, axis: at.Input(3).Shape is { } shape ? shape.Rank - 1 : -1);
        at.FinishQuantized(at.AddLayer("MatMul", [a, b]), at.Input(6), at.Input(7), at.Input(0), axis: -2);
    }
}
