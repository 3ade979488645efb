using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators;

namespace ModelOpt.Compiler.Passes.Quantize;

/// <summary>Stores the weights of a layer that computes in float32 as int8 or float16.</summary>
internal static class StoredWeights
{
    /// <summary>How a float16 constant is marked: real = q, stored as binary16.</summary>
    public static readonly Quantization Float16 = Quantization.PerTensor(ElementType.Float16, 1, 0);

    private const string StoredOtherwise = "its weight is stored otherwise already";

    /// <summary>Rounds a layer's weight to int8 per output channel; the bias stays as it is.</summary>
    /// <param name="node">The layer.</param>
    /// <returns>Why it was not done, or null where it was.</returns>
    public static string? AsInt8(Node node)
    {
        if (WeightOf(node) is not { } weight) return "it has no constant weight";
        int axis = Operator.Of(node).WeightAxis(node);
        if (weight.Quantization is { } stored) return stored.Type == ElementType.Int8 && stored.Axis == axis ? null : StoredOtherwise;
        WeightGrid.CheckFinite(weight);
        WeightGrid.Store(weight, axis);
        return null;
    }

    /// <summary>Rounds a layer's weight and bias to float16.</summary>
    /// <param name="node">The layer.</param>
    /// <returns>Why it was not done, or null where it was.</returns>
    public static string? AsFloat16(Node node)
    {
        if (WeightOf(node) is not { } weight) return "it has no constant weight";
        if (weight.Quantization is not null && weight.Quantization != Float16) return StoredOtherwise;
        Value?[] constants = [weight, node.InputOrNull(2)];
        if (constants.Any(c => c?.Constant is { } t && !FitsFloat16(t))) return "a weight is too large for float16";
        foreach (Value? constant in constants)
        {
            if (constant is not { Constant: { } tensor, Quantization: null }) continue;
            constant.Quantization = Float16;
            constant.Constant = Float16.Round(tensor);
        }

        return null;
    }

    private static Value? WeightOf(Node node) =>
        Operator.Of(node).Quantization == QuantizationRule.Weighted
        && node.InputOrNull(1) is { IsConstant: true, Type: ElementType.Float32 } weight ? weight : null;

    private static bool FitsFloat16(Tensor tensor)
    {
        foreach (float value in tensor.Span<float>())
        {
            if (!Half.IsFinite((Half)value)) return false;
        }

        return true;
    }
}
