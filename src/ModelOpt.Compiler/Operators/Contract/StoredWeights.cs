using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Operators.Contract;

/// <summary>Stores the weights of a layer that computes in float32 as int8 or float16.</summary>
internal static class StoredWeights
{
    /// <summary>How a float16 constant is marked: real = q, stored as binary16.</summary>
    public static readonly Quantization Float16 = Quantization.PerTensor(ElementType.Float16, 1, 0);

    // A number of float16 is off by up to 1/2048 of itself; a tensor that loses so much more lies where steps do not shrink.
    private const double MostLost = 0.01;

    private const string StoredOtherwise = "its weight is stored otherwise already";

    /// <summary>Rounds a layer's weights to int8 per output channel; the bias stays as it is.</summary>
    /// <returns>Why it was not done, or null where it was.</returns>
    public static string? AsInt8(Node node)
    {
        (Value Weight, int Axis)[] weights = WeightsOf(node);
        if (weights.Length == 0) return "it has no constant weight";
        if (Array.Exists(weights, w => w.Weight.Quantization is { } stored && (stored.Type != ElementType.Int8 || stored.Axis != w.Axis)))
            return StoredOtherwise;
        foreach ((Value weight, int axis) in weights.Where(w => w.Weight.Quantization is null))
        {
            WeightGrid.CheckFinite(weight);
            WeightGrid.Store(weight, axis);
        }

        return null;
    }

    /// <summary>Rounds a layer's weights and bias to float16.</summary>
    /// <returns>Why it was not done, or null where it was.</returns>
    public static string? AsFloat16(Node node)
    {
        Value[] weights = [.. WeightsOf(node).Select(w => w.Weight)];
        if (weights.Length == 0) return "it has no constant weight";
        if (Array.Exists(weights, w => w.Quantization is not null && w.Quantization != Float16)) return StoredOtherwise;
        Value?[] constants = [.. weights, Operator.Of(node).Quantization == QuantizationRule.Weighted ? node.InputOrNull(2) : null];
        if (constants.Select(c => c?.Constant is { } t ? WhyNotFloat16(t) : null).FirstOrDefault(r => r is not null) is { } reason)
            return reason;
        foreach (Value? constant in constants)
        {
            if (constant is not { Constant: { } tensor, Quantization: null }) continue;
            constant.Quantization = Float16;
            constant.Constant = Float16.Round(tensor);
        }

        return null;
    }

    private static (Value Weight, int Axis)[] WeightsOf(Node node) =>
    [
        .. Operator.Of(node).Weights(node).Select(w => (Weight: node.InputOrNull(w.Input), w.Axis))
            .Where(w => w.Weight is { IsConstant: true, Type: ElementType.Float32 }).Select(w => (w.Weight!, w.Axis)),
    ];

    /// <summary>
    /// Why float16 cannot hold a constant, or null where it can: it ends at 65504, and below 6e-5 its steps stay as they are.
    /// </summary>
    private static string? WhyNotFloat16(Tensor tensor)
    {
        double power = 0, lost = 0;
        foreach (float value in tensor.Span<float>())
        {
            var half = (Half)value;
            if (!Half.IsFinite(half)) return "a weight is too large for float16";
            power += (double)value * value;
            lost += Math.Pow(value - (double)half, 2);
        }

        return Math.Sqrt(lost) <= MostLost * Math.Sqrt(power) ? null : "its weights are too small for float16";
    }
}
