using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites.Quantized;

/// <summary>
/// A Gemm of integers: a and b with scale and zero point each, c of int32 in steps of alpha times their scales, and scale and zero point of
/// the output, which is float where these are omitted: in steps of its scale where the zero point alone is.
/// </summary>
internal sealed class QGemm() : NodeRewrite("QGemm", new Arity(6, 9))
{
    protected override void Rewrite(Rewriting at)
    {
        bool transposes = at.Node.Int("transB", 0) != 0;
        float alpha = at.Node.Float("alpha", 1);
        Value a = at.Dequantize(0), b = at.Dequantize(3, axis: transposes ? 0 : 1);
        Value? c = at.InputOrNull(6) is { } stored ? QuantizedBias.Dequantize(at, stored, at.Input(1), at.Input(4), alpha) : null;
        (string, object)[] attributes =
            [("alpha", alpha), ("transA", at.Node.Int("transA", 0)), ("transB", at.Node.Int("transB", 0))];
        if (at.InputOrNull(7) is not { } scale) at.Finish("Gemm", [a, b, c], attributes);
        else if (at.InputOrNull(8) is not { } zero) at.Finish("Div", [at.AddLayer("Gemm", [a, b, c], attributes), scale]);
        else at.FinishQuantized(at.AddLayer("Gemm", [a, b, c], attributes), scale, zero, at.Input(0));
    }
}
