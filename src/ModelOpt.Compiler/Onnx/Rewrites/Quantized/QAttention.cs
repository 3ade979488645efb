using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Onnx.Rewrites.Fused;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites.Quantized;

/// <summary>
/// ONNX Runtime's Attention of integers: input and weight (their scales are inputs 3 and 4, their zero points 6 and 7), and between them
/// the bias of floats; input 5 masks keys, input 8 has keys and values of before.
/// </summary>
internal sealed class QAttention() : NodeRewrite("QAttention", new Arity(5, 9, 2))
{
    protected override void Rewrite(Rewriting at)
    {
        Value input = Real(at, 0, at.Dequantize(at.Input(0), at.Input(3), at.InputOrNull(6)));
        Value weight = Real(at, 1, at.Dequantize(at.Input(1), at.Input(4), at.InputOrNull(7), axis: -1));
        at.FinishAs(new FusedAttention(), [input, weight, at.Input(2), at.InputOrNull(5), at.InputOrNull(8)]);
    }

    private static Value Real(Rewriting at, int index, Value numbers)
    {
        (numbers.Type, numbers.Shape) = (at.Input(index + 3).Type, at.Input(index).Shape);
        return numbers;
    }
}
