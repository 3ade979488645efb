using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites.Quantized;

/// <summary>
/// An LSTM with weights of integers, [directions, inputs, 4 · hidden]; behind its eight inputs stand their scales and zero points, one for
/// each direction or for each column. What it is fed, and its state, are rounded when the model runs: a layer of floats with these weights.
/// </summary>
internal sealed class DynamicQuantizeLstm() : NodeRewrite("DynamicQuantizeLSTM", new Arity(3, 12, 3))
{
    private const int Own = 8;

    protected override void Rewrite(Rewriting at)
    {
        Value?[] inputs = [at.Input(0), Weight(at, 1, Own), Weight(at, 2, Own + 2),
            .. Enumerable.Range(3, Own - 3).Select(at.InputOrNull)];
        for (int i = 1; i < at.Node.Outputs.Count; i++)
            if (at.Reads(i)) throw at.Refusal($"its output {i}, beside the first");
        at.Finish("LSTM", inputs, [.. at.Node.Attributes.Select(a => (a.Key, a.Value))]);
    }

    /// <summary>The weight's numbers as ONNX has them, [directions, 4 · hidden, inputs].</summary>
    private static Value Weight(Rewriting at, int index, int scaleAt)
    {
        if (at.Input(index).Constant is not { Rank: 3 } stored || at.Input(scaleAt).Constant is not { Type: ElementType.Float32 } scale)
            throw at.Refusal($"its input {index} is not a constant with a constant scale");
        Tensor? zero = at.InputOrNull(scaleAt + 1) is { } given
            ? given.Constant ?? throw at.Refusal($"its input {scaleAt + 1} is not a constant") : null;
        int directions = stored.Dims[0], rows = stored.Dims[1], columns = stored.Dims[2];
        if ((scale.Count != directions && scale.Count != directions * columns) || (zero is not null && zero.Count != scale.Count))
            throw at.Refusal($"{scale.Count} scales for a weight of shape {stored.Shape}");
        float[] codes = Elements.ToFloats(stored), steps = Elements.ToFloats(scale), zeros = zero is null ? [] : Elements.ToFloats(zero);
        Tensor weight = Tensor.Zeros(ElementType.Float32, [directions, columns, rows]);
        Span<float> to = weight.Span<float>();
        for (int d = 0; d < directions; d++)
        {
            for (int c = 0; c < columns; c++)
            {
                int grid = scale.Count == directions ? d : (d * columns) + c;
                float origin = zeros.Length == 0 ? 0 : zeros[grid];
                for (int r = 0; r < rows; r++)
                    to[(((d * columns) + c) * rows) + r] = (codes[(((d * rows) + r) * columns) + c] - origin) * steps[grid];
            }
        }

        return at.Constant(weight);
    }
}
