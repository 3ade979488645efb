using System.Globalization;
using System.Runtime.InteropServices;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Generation;

namespace ModelOpt.Compiler.Emit.Reports;

/// <summary>Counts of a stored weight, to check what compression claims.</summary>
/// <param name="Pattern">The pattern of the zeros; null if they follow none or there are none.</param>
/// <param name="PatternShare">
/// The share of the zeros that the pattern explains: those in blocks that are zero as a whole, or those that N:M demands. The others
/// are weights that were rounded to zero, or whose cluster is zero.
/// </param>
/// <param name="Distinct">How many different values there are; integers where it is stored as such.</param>
/// <param name="DistinctInChannel">The most different values of one output channel.</param>
/// <param name="Bits">Bits of an element in the file.</param>
/// <param name="Entropy">
/// Bits that an element takes at least where each is coded by itself: −Σ p·log2 p over the frequencies p of the values (Shannon).
/// </param>
internal sealed record WeightStatistics(
    int Count, int Zeros, SparsityPattern? Pattern, double PatternShare, int Distinct, int DistinctInChannel, int Bits, double Entropy)
{
    /// <summary>The share of zeros, 0…1.</summary>
    public double Sparsity => Count == 0 ? 0 : (double)Zeros / Count;

    /// <summary>The pattern in words: <c>2:4</c>, <c>1x4 (97 %)</c>, <c>unstructured</c>; empty where nothing is zero.</summary>
    public string PatternText => Zeros == 0 ? ""
        : Zeros == Count ? "all zero"
        : Pattern is null ? "unstructured"
        : PatternShare == 1 ? $"{Pattern}"
        : string.Create(CultureInfo.InvariantCulture, $"{Pattern} ({Math.Floor(100 * PatternShare)} %)");

    /// <summary>Counts a weight.</summary>
    /// <param name="weight">[outputs, taps, inputs]: values, or integers less their zero point.</param>
    /// <param name="bits">Bits of an element in the file.</param>
    public static WeightStatistics Of(ReadOnlySpan<float> weight, int outputs, int inputs, int bits)
    {
        int perChannel = weight.Length / Math.Max(1, outputs), most = 0;
        for (int c = 0; c < outputs; c++)
            most = Math.Max(most, Frequencies(weight.Slice(c * perChannel, perChannel)).Count);
        List<int> all = Frequencies(weight);
        int count = weight.Length;
        double entropy = all.Sum(n => (double)n / count * Math.Log2((double)count / n));
        int zeros = 0;
        bool[] isZero = new bool[count];
        for (int i = 0; i < count; i++)
        {
            isZero[i] = weight[i] == 0;
            if (isZero[i]) zeros++;
        }

        var statistics = new WeightStatistics(count, zeros, null, 0, all.Count, most, bits, entropy);
        if (zeros == 0 || zeros == count) return statistics;
        return PatternRecognition.Find(isZero, outputs, inputs) is { } found
            ? statistics with { Pattern = found.Pattern, PatternShare = (double)found.Zeros / zeros }
            : statistics;
    }

    /// <summary>Counts the weight of a layer, or all matrices of a recurrent one; null where it has none that is constant.</summary>
    public static WeightStatistics? Of(Node node)
    {
        if (Operator.Find(node) is not null && LayerWeight.IsRecurrent(node))
        {
            WeightStatistics[] parts = [.. LayerWeight.OfRecurrent(node).Select(w => Of(
                Stored(w.Value, w.Value.Constant!), w.Dims[0], w.Dims[1], 8 * (w.Value.Quantization?.Type ?? w.Value.Type).Size()))];
            return parts.Length == 0 ? null : parts.Aggregate((a, b) => a.With(b));
        }

        if (WeightOf(node) is not { Constant: { Rank: >= 2 } tensor } value) return null;
        float[] stored = Stored(value, tensor);
        bool isTransposed = tensor.Rank == 2 && Operator.Of(node).WeightAxis(node) != 0;
        int outputs = tensor.Dims[isTransposed ? 1 : 0], inputs = tensor.Dims[isTransposed ? 0 : 1];
        int taps = stored.Length / Math.Max(1, outputs * inputs);
        float[] ordered = new float[stored.Length];
        for (int i = 0; i < stored.Length; i++)
        {
            // [outputs, inputs, taps], or [inputs, outputs] of a matrix.
            (int o, int c, int t) = isTransposed ? (i % outputs, i / outputs, 0) : (i / (inputs * taps), i / taps % inputs, i % taps);
            ordered[(((o * taps) + t) * inputs) + c] = stored[i];
        }

        return Of(ordered, outputs, inputs, 8 * (value.Quantization?.Type ?? value.Type).Size());
    }

    /// <summary>These counts and those of another weight of the layer; of distinct values, those of the weight that has more.</summary>
    public WeightStatistics With(WeightStatistics other) => new(
        Count + other.Count, Zeros + other.Zeros, Pattern == other.Pattern ? Pattern : null,
        Math.Min(PatternShare, other.PatternShare), Math.Max(Distinct, other.Distinct),
        Math.Max(DistinctInChannel, other.DistinctInChannel), Bits,
        ((Entropy * Count) + (other.Entropy * other.Count)) / Math.Max(1, Count + other.Count));

    /// <summary>The constant weight of a convolution or dense layer, or null.</summary>
    public static Value? WeightOf(Node node) =>
        Operator.Find(node)?.Quantization == QuantizationRule.Weighted
        && node.InputOrNull(1) is { Constant.Type: ElementType.Float32 } weight ? weight : null;

    /// <summary>The constant weights of a layer: several of a recurrent one.</summary>
    public static IEnumerable<Value> AllOf(Node node) => Operator.Find(node) is not null && LayerWeight.IsRecurrent(node)
        ? LayerWeight.OfRecurrent(node).Select(w => w.Value) : WeightOf(node) is { } weight ? [weight] : [];

    private static float[] Stored(Value value, Tensor tensor)
    {
        float[] elements = tensor.Span<float>().ToArray();
        if (value.Quantization is not { Type: ElementType.Int8 or ElementType.UInt8 } grid) return elements;
        int slices = grid.IsPerTensor ? 1 : tensor.Dims[grid.Axis];
        int stride = grid.IsPerTensor ? elements.Length : tensor.Dims.ToArray().Skip(grid.Axis + 1).Aggregate(1, (a, b) => a * b);
        for (int i = 0; i < elements.Length; i++) elements[i] = MathF.Round(elements[i] / grid.Scales[i / stride % slices]);
        return elements;
    }

    /// <summary>How often each value occurs, in ascending order of values.</summary>
    private static List<int> Frequencies(ReadOnlySpan<float> weight)
    {
        float[] sorted = weight.ToArray();
        Array.Sort(sorted);
        var frequencies = new List<int>();
        for (int i = 0; i < sorted.Length; i++)
        {
            // Zero and minus zero are equal.
            if (i == 0 || sorted[i] != sorted[i - 1]) frequencies.Add(1);
            else CollectionsMarshal.AsSpan(frequencies)[^1]++;
        }

        return frequencies;
    }
}
