using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Onnx.Rewrites.Fused;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites.Quantized;

/// <summary>
/// EmbedLayerNormalization of integers: five tables and vectors from input 2 on, a mask, and then the scales and the zero points of the
/// five.
/// </summary>
internal sealed class QEmbedLayerNormalization() : NodeRewrite("QEmbedLayerNormalization", new Arity(1, 18, 2))
{
    private const int First = 2;
    private const int Count = 5;
    private const int Mask = 7;
    private const int Scales = 8;

    protected override void Rewrite(Rewriting at)
    {
        Value?[] tables = [.. Enumerable.Range(0, Count).Select(i => at.InputOrNull(First + i) is { } table
            ? at.Dequantize(table, at.Input(Scales + i), at.InputOrNull(Scales + Count + i)) : null)];
        at.FinishAs(new EmbedLayerNormalization(), [at.Input(0), at.InputOrNull(1), .. tables, at.InputOrNull(Mask)]);
    }
}
