using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Operators.Reduction;

namespace ModelOpt.Fuzz.Operators;

/// <summary>When two outputs are the same.</summary>
internal static class Comparison
{
    /// <summary>How two lists of outputs differ; null where they agree.</summary>
    public static string? Difference(IReadOnlyList<Tensor> expected, IReadOnlyList<Tensor> actual, OperatorCase test)
    {
        if (expected.Count != actual.Count) return $"{actual.Count} outputs instead of {expected.Count}";
        // What is summed may cancel: errors are those of the summands then, of which a tenth is taken. ONNX Runtime's Gelu sums, too.
        bool sums = test.Operator is "CumSum" or "Sum" or "Mean" or "ReduceSum" or "ReduceMean"
            || test.Operator.EndsWith("Gelu", StringComparison.Ordinal);
        // Where a sum lies half way between two integers, the order of products and roundings decides.
        bool isGrid = test.Operator.Contains("QLinear", StringComparison.Ordinal)
            || test.Operator.EndsWith("QGemm", StringComparison.Ordinal);
        // Equal elements have equal shares, halves and thirds of a number of steps.
        bool isShare = test.Operator.EndsWith("QLinearSoftmax", StringComparison.Ordinal);
        if (isGrid && !expected[0].Type.IsFloat()
            && IsOneOff(expected[0], actual[0], test.CoarsestFloat != ElementType.Float32 || isShare))
            return null;
        double least = sums ? test.Inputs.Max(i => i is null ? 0 : Largest(i.Tensor)) / 10 : 0;
        return expected.Select((e, i) => Difference(
                e, actual[i], Math.Max(Tolerance(test.CoarsestFloat), Tolerance(e.Type)), least, test.Slack))
            .FirstOrDefault(d => d is not null);
    }

    /// <summary>Whether integers are the same but for one element in fifty, or one, which is one more or less.</summary>
    /// <param name="isCoarse">Whether any element may be one off: numbers have fewer digits than float32, or are often ties.</param>
    private static bool IsOneOff(Tensor expected, Tensor actual, bool isCoarse)
    {
        if (expected.Type != actual.Type || !expected.Dims.SequenceEqual(actual.Dims)) return false;
        ReadOnlySpan<int> e = Casting.To(expected, ElementType.Int32).Span<int>(), a = Casting.To(actual, ElementType.Int32).Span<int>();
        int off = 0;
        for (int i = 0; i < e.Length; i++)
        {
            if (Math.Abs(e[i] - a[i]) > 1) return false;
            if (e[i] != a[i]) off++;
        }

        return isCoarse || off <= Math.Max(1, e.Length / 50);
    }

    private static double Largest(Tensor tensor)
    {
        double largest = 0;
        foreach (double value in Casting.To(tensor, ElementType.Float64).Span<double>())
            if (double.IsFinite(value)) largest = Math.Max(largest, Math.Abs(value));
        return largest;
    }

    /// <summary>
    /// The share of the largest value by which floats may differ. Half precision has 11 bits and bfloat16 has 8; ONNX Runtime rounds to
    /// them within some operators.
    /// </summary>
    private static double Tolerance(ElementType type) => type switch
    {
        ElementType.Float16 => 4e-3,
        ElementType.BFloat16 => 3e-2,
        _ => 1e-4,
    };

    private static string? Difference(Tensor expected, Tensor actual, double share, double least, double slack)
    {
        // Floats of other sizes are compared with float32, which the project computes in.
        bool fits = expected.Type == actual.Type || (expected.Type.IsFloat() && actual.Type.IsFloat());
        if (!fits) return $"type {actual.Type} instead of {expected.Type}";
        if (!expected.Dims.SequenceEqual(actual.Dims)) return $"shape {actual.Shape} instead of {expected.Shape}";
        if (!expected.Type.IsFloat())
        {
            int at = expected.Bytes.Span.CommonPrefixLength(actual.Bytes.Span);
            if (at == expected.Bytes.Length) return null;
            at /= expected.Type.Size();
            return $"element {at} is {Element(actual, at)} instead of {Element(expected, at)}";
        }

        // What float32 cannot hold, the project need not compute.
        ReadOnlySpan<double> e = Casting.To(Casting.To(expected, ElementType.Float32), ElementType.Float64).Span<double>();
        ReadOnlySpan<double> a = Casting.To(Casting.To(actual, ElementType.Float32), ElementType.Float64).Span<double>();
        double largest = Math.Max(least, Largest(Casting.To(expected, ElementType.Float32)));
        double tolerance = Math.Max(1e-7, largest * share) + slack;
        for (int i = 0; i < e.Length; i++)
        {
            bool same = double.IsFinite(e[i]) ? Math.Abs(e[i] - a[i]) <= tolerance : e[i].Equals(a[i]);
            if (!same) return $"element {i} of {expected.Shape} is {a[i]} instead of {e[i]} (largest {largest})";
        }

        return null;
    }

    private static object Element(Tensor tensor, int index) =>
        tensor.Type.Size() == 0 ? "?" : Casting.To(tensor, ElementType.Float64).Span<double>()[index];
}
