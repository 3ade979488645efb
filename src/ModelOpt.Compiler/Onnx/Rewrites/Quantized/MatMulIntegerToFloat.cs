using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites.Quantized;

/// <summary>A product of integers a and b as floats: behind them their scales, their zero points and a bias.</summary>
internal sealed class MatMulIntegerToFloat() : NodeRewrite("MatMulIntegerToFloat", new Arity(4, 7))
{
    protected override void Rewrite(Rewriting at)
    {
        Value[] inputs =
        [
            at.Dequantize(at.Input(0), at.Input(2), at.InputOrNull(4)),
            at.Dequantize(at.Input(1), at.Input(3), at.InputOrNull(5), axis: -1),
        ];
        if (at.InputOrNull(6) is { } bias) at.Finish("Add", [at.AddLayer("MatMul", inputs), bias]);
        else at.Finish("MatMul", inputs);
    }
}
