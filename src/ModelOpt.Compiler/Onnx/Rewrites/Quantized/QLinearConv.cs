using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites.Quantized;

/// <summary>
/// A convolution of integers: x, w and y with scale and zero point each, and a bias of int32 in steps of x's times w's scale.
/// </summary>
internal sealed class QLinearConv() : NodeRewrite("QLinearConv", new Arity(8, 9))
{
    public override string Domain => "";

    public override int Since => 10;

    protected override void Rewrite(Rewriting at)
    {
        Value x = at.Dequantize(0), w = at.Dequantize(3, axis: 0);
        Value? bias = at.InputOrNull(8) is { } stored ? QuantizedBias.Dequantize(at, stored, at.Input(1), at.Input(4)) : null;
        Value y = at.AddLayer("Conv", [x, w, bias], [.. at.Node.Attributes.Select(a => (a.Key, a.Value))]);
        at.FinishQuantized(y, at.Input(6), at.Input(7), at.Input(0));
    }
}
