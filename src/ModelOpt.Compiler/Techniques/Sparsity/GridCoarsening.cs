using ModelOpt.Compiler.Calibration;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;

namespace ModelOpt.Compiler.Techniques.Sparsity;

/// <summary>
/// Chooses how fine the int8 grid of a sparse layer is. Zeros alone do not make a file compress well: half the weights at full
/// precision still take most of a dense layer's bits. But pruning has left an error beside which the last bits say nothing: the step is
/// chosen so that rounding adds a set share of it. All channels have the same step, which at any error is where entropy is
/// least, as far as 127 steps reach; and a channel keeps some steps, however small it is.
/// </summary>
internal static class GridCoarsening
{
    /// <summary>The rounding error, relative to the error of pruning.</summary>
    public const double RoundingShare = 0.15;

    /// <summary>At least how many steps the largest weight of a channel has.</summary>
    private const int LeastSteps = 15;

    /// <summary>The coarsest grid that fits a layer.</summary>
    /// <param name="weight">The sparse weight, fitted: [outputs, …].</param>
    public static Quantization Of(Tensor weight, IReadOnlyList<LayerQuadratic> quadratics)
    {
        ReadOnlySpan<float> values = weight.Span<float>();
        double error = 0, curvature = 0;
        int at = 0;
        foreach (LayerQuadratic quadratic in quadratics)
        {
            int length = quadratic.Rows * quadratic.Columns;
            ReadOnlySpan<float> part = values.Slice(at, length);
            at += length;
            error += quadratic.Excess(part);
            for (int i = 0; i < length; i++)
            {
                if (part[i] != 0) curvature += quadratic.Matrix[i % quadratic.Columns * (quadratic.Columns + 1)];
            }
        }

        // Rounding to multiples of s adds s²/12 to the variance of each weight.
        float step = curvature > 0 ? (float)Math.Sqrt(12 * RoundingShare * error / curvature) : 0;
        Quantization finest = WeightGrid.Symmetric(weight, 0);
        float[] scales = [.. finest.Scales.Select(s => Math.Clamp(step, s, s * WeightGrid.MaxWeight / LeastSteps))];
        return finest with { Scales = scales };
    }
}
