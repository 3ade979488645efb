using ModelOpt.Compiler.Calibration;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Numerics;

namespace ModelOpt.Compiler.Techniques.LowRank;

/// <summary>
/// The target of a layer's factors, and the measure of errors: the mean of ‖(W − W')(x − x̄)‖² over all samples and positions,
/// that is tr((W − W') C (W − W')ᵀ) with the covariance C of the inputs.
/// </summary>
internal sealed class LayerTarget
{
    // Inputs that calibration did not see still count a little.
    private const double Ridge = 1e-4, RidgePerInput = 0.3;

    private LayerTarget(WeightShape shape, RowMatrix weight, RowMatrix covariance, double[] inputMean, double[]? outputMean)
    {
        Shape = shape;
        Weight = weight;
        Covariance = covariance;
        InputMean = inputMean;
        OutputMean = outputMean;
        Response = weight.Times(covariance);
        Energy = Response.Dot(weight);
    }

    /// <summary>The weight's sizes.</summary>
    public WeightShape Shape { get; }

    /// <summary>The weight that is approximated, [out, in·kh·kw].</summary>
    public RowMatrix Weight { get; }

    /// <summary>The covariance of the inputs in the order of the weight; the identity where there is no data.</summary>
    public RowMatrix Covariance { get; }

    /// <summary>The mean of the inputs; zeros where there is no data.</summary>
    public double[] InputMean { get; }

    /// <summary>The mean of the output before its activation; null where there is no data.</summary>
    public double[]? OutputMean { get; }

    /// <summary>W·C.</summary>
    public RowMatrix Response { get; }

    /// <summary>The variance of the output, summed over its channels: tr(W C Wᵀ).</summary>
    public double Energy { get; }

    /// <summary>The weight itself, with all inputs alike: the target of plain SVD.</summary>
    public static LayerTarget Plain(WeightShape shape, RowMatrix weight) =>
        new(shape, weight, RowMatrix.Identity(shape.PerOutput, weight.Workers), new double[shape.PerOutput], null);

    /// <summary>
    /// The weight that comes nearest to the reference on the present inputs: least squares (reduced-rank regression follows from it),
    /// with a ridge towards the present weight.
    /// </summary>
    public static LayerTarget Of(WeightShape shape, RowMatrix weight, LayerMoments moments)
    {
        int k = shape.PerOutput;
        double[] inputMean = moments.InputMean(0).ToArray(), outputMean = new double[shape.Outputs];
        RowMatrix covariance = new(k, k, moments.InputCovariance(0), weight.Workers);
        double trace = 0;
        for (int i = 0; i < k; i++) trace += covariance[i, i];

        double pull = trace > 0 ? moments.RidgeOf(Ridge, RidgePerInput) * trace / k : 1;

        // Of the inputs as they were: the ridge is to pull to the weight, not to zero.
        RowMatrix given = weight.Times(covariance);
        for (int i = 0; i < k; i++) covariance[i, i] += pull;
        for (int o = 0; o < shape.Outputs; o++) outputMean[o] = moments.OutputMean(0, o);
        RowMatrix missing = new(shape.Outputs, k, moments.CrossCovariance(0));

        // W* = W + (E[y xᵀ] − W C)(C + λI)⁻¹; λ is part of C already.
        RowMatrix change = CholeskyFactor.Of(covariance, 1e-12).SolveRows(missing.Minus(given));
        RowMatrix.AddScaled(change.Data, 1, weight.Data);
        return new LayerTarget(shape, change, covariance, inputMean, outputMean);
    }

    /// <summary>The bias that gives another weight's outputs the target mean; null without data.</summary>
    /// <param name="weight">The other weight, [out, in·kh·kw].</param>
    public float[]? BiasFor(RowMatrix weight)
    {
        if (OutputMean is null) return null;
        float[] bias = new float[OutputMean.Length];
        for (int o = 0; o < bias.Length; o++)
        {
            double sum = OutputMean[o];
            ReadOnlySpan<double> row = weight.Row(o);
            for (int k = 0; k < row.Length; k++) sum -= row[k] * InputMean[k];
            bias[o] = (float)sum;
        }

        return bias;
    }

    /// <summary>The error of another weight as a share of <see cref="Energy"/>.</summary>
    /// <param name="weight">The other weight, [out, in·kh·kw].</param>
    public double Error(RowMatrix weight)
    {
        RowMatrix difference = Weight.Minus(weight);
        return Energy > 0 ? difference.Times(Covariance).Dot(difference) / Energy : 0;
    }
}
