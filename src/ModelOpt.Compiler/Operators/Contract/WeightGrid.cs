using System.Globalization;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Operators.Contract;

/// <summary>Chooses the integer grids of constants.</summary>
internal static class WeightGrid
{
    /// <summary>The largest magnitude of a weight, so that sign and zero are exact.</summary>
    public const int MaxWeight = 127;

    /// <summary>A weight's symmetric int8 parameters, one scale per slice: <c>s = max|w| / 127</c>.</summary>
    /// <param name="weight">The float32 weight.</param>
    /// <param name="axis">The axis of the output channels, or -1 for one scale.</param>
    /// <param name="smallest">A lower bound for the scale of each slice, or empty; slices of zeros have it, or else 1.</param>
    public static Quantization Symmetric(Tensor weight, int axis, ReadOnlySpan<float> smallest = default)
    {
        int slices = axis < 0 ? 1 : weight.Dims[axis];
        float[] scales = new float[slices];
        Quantization grid = new(ElementType.Int8, scales, new int[slices], axis);
        int runLength = grid.RunLength(weight.Dims);
        ReadOnlySpan<float> values = weight.Span<float>();
        for (int i = 0; i < values.Length; i++)
        {
            ref float largest = ref scales[i / runLength % slices];
            largest = MathF.Max(largest, MathF.Abs(values[i]));
        }

        for (int c = 0; c < slices; c++)
        {
            scales[c] /= MaxWeight;
            if (!smallest.IsEmpty) scales[c] = MathF.Max(scales[c], smallest[c]);
            if (scales[c] == 0) scales[c] = 1;
        }

        return grid;
    }

    /// <summary>
    /// Annotates a weight with its int8 grid and rounds it: the grid that its constraints ask for, or else
    /// <see cref="Symmetric"/>. The constraints still hold on it.
    /// </summary>
    /// <param name="weight">The float32 weight.</param>
    /// <param name="axis">The axis of the output channels, or -1 for one scale.</param>
    /// <param name="smallest">A lower bound for the scale of each slice, or empty.</param>
    public static void Store(Value weight, int axis, ReadOnlySpan<float> smallest = default)
    {
        WeightConstraints constraints = weight.Constraints ?? new();
        Quantization grid = constraints.Grid ?? Symmetric(weight.Constant!, axis, smallest);
        float[] scales = [.. grid.Scales];
        for (int c = 0; c < scales.Length && !smallest.IsEmpty; c++) scales[c] = MathF.Max(scales[c], smallest[c]);
        grid = grid with { Scales = scales };
        weight.Constraints = constraints.With(grid);
        weight.Constant = weight.Constraints?.Project(weight.Constant!) ?? grid.Round(weight.Constant!);
    }

    /// <summary>A constant's asymmetric int8 parameters, from its smallest and largest element and zero.</summary>
    /// <param name="constant">The float32 constant.</param>
    public static Quantization Asymmetric(Tensor constant)
    {
        ValueRange range = new(0, 0);
        foreach (float value in constant.Span<float>()) range = range.Union(new(value, value));
        return range.ToQuantization();
    }

    /// <summary>Checks that a constant can be quantized.</summary>
    /// <param name="constant">The float32 constant.</param>
    /// <exception cref="CompilationException">An element is not finite.</exception>
    public static void CheckFinite(Value constant)
    {
        foreach (float value in constant.Constant!.Span<float>())
        {
            if (!float.IsFinite(value))
                throw RecipeDiagnostics.ConstantNotFinite.Error(constant.Name, value.ToString(CultureInfo.InvariantCulture));
        }
    }

    /// <summary>
    /// Puts the int32 bias of a layer on the grid of its sums: the input's step times the step of each channel's weights.
    /// </summary>
    /// <param name="node">The layer; its input and weight are annotated.</param>
    public static void FollowBias(Node node) => Round(node.Input(2), IntegerForm.Sums(node));

    /// <summary>Puts a constant on a grid: annotates it, and rounds its numbers.</summary>
    /// <param name="constant">The float32 constant.</param>
    public static void Round(Value constant, Quantization quantization)
    {
        constant.Quantization = quantization;
        constant.Constant = quantization.Round(constant.Constant!);
    }
}
