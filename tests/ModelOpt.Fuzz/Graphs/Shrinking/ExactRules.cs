using System.Runtime.InteropServices;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Fuzz.Graphs.Shrinking;

/// <summary>
/// Whether the rules of an exact variant still remove only what is zero or redundant, after edits that may have taken that away.
/// </summary>
internal static class ExactRules
{
    // Of a weight that was rounded to float32.
    private const double Rounding = 1e-5;

    /// <summary>Whether they do.</summary>
    public static bool Hold(ModelProto model, Variant variant) => !variant.IsExact || variant.Recipe.Layers.All(r => Holds(model, r));

    private static bool Holds(ModelProto model, LayerRule rule)
    {
        NodeProto? layer = model.Graph.Node.FirstOrDefault(n => n.Name == rule.Match);
        TensorProto? weight = layer is null ? null : model.Graph.Initializer.FirstOrDefault(t => t.Name == layer.Input[1]);
        if (weight is null) return true;
        float[] values = weight.RawData.IsEmpty ? [.. weight.FloatData]
            : MemoryMarshal.Cast<byte, float>(weight.RawData.Span).ToArray();
        int outputs = (int)weight.Dims[0], inputs = values.Length / Math.Max(1, outputs);
        if (rule.ChannelPruning is { } share)
            return Enumerable.Range(0, outputs).Count(o => values.AsSpan(o * inputs, inputs).IndexOfAnyExcept(0f) < 0)
                >= Math.Floor(share * outputs);
        return rule.Decomposition is not { } removed
            || Rank(values, outputs, inputs) * (inputs + outputs) <= (1 - removed) * inputs * outputs;
    }

    /// <summary>The rank but for rounding, by elimination with the largest pivot there is.</summary>
    private static int Rank(float[] matrix, int rows, int columns)
    {
        double[] left = Array.ConvertAll(matrix, x => (double)x);
        double largest = left.Max(Math.Abs);
        for (int rank = 0; rank < Math.Min(rows, columns); rank++)
        {
            int pivot = Enumerable.Range(0, left.Length).MaxBy(i => Math.Abs(left[i]));
            if (Math.Abs(left[pivot]) <= Rounding * largest) return rank;
            double[] row = left.AsSpan(pivot / columns * columns, columns).ToArray();
            for (int r = 0; r < rows; r++)
            {
                double factor = left[(r * columns) + (pivot % columns)] / row[pivot % columns];
                for (int c = 0; c < columns; c++) left[(r * columns) + c] -= factor * row[c];
            }
        }

        return Math.Min(rows, columns);
    }
}
