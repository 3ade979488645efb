using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites.Quantized;

/// <summary>
/// A product of floats, rounded when the model runs, with a weight of integers (behind it scale and zero point), and a bias: a layer of
/// floats with this weight.
/// </summary>
internal sealed class DynamicQuantizeMatMul() : NodeRewrite("DynamicQuantizeMatMul", new Arity(3, 5))
{
    protected override void Rewrite(Rewriting at)
    {
        Value[] inputs = [at.Input(0), at.Dequantize(at.Input(1), at.Input(2), at.InputOrNull(3), axis: -1)];
        if (at.InputOrNull(4) is { } bias) at.Finish("Add", [at.AddLayer("MatMul", inputs), bias]);
        else at.Finish("MatMul", inputs);
    }
}
