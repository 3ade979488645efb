using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites.Quantized;

/// <summary>A function of integers: each input with scale and zero point, and behind them those of the output.</summary>
/// <param name="function">The function of the numbers that they stand for.</param>
internal sealed class QLinearFunction(string type, string function, int count)
    : NodeRewrite(type, new Arity(2, (3 * count) + 2))
{
    protected override void Rewrite(Rewriting at)
    {
        Value[] inputs = [.. Enumerable.Range(0, count).Select(i => at.Dequantize(3 * i))];
        Value y = at.AddLayer(function, inputs, [.. at.Node.Attributes.Select(a => (a.Key, a.Value))]);
        at.FinishQuantized(y, at.Input(3 * count), at.InputOrNull((3 * count) + 1), at.Input(0));
    }
}
