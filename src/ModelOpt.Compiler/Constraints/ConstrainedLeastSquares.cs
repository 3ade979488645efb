using System.Numerics;
using ModelOpt.Compiler.Calibration;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Numerics;

namespace ModelOpt.Compiler.Constraints;

/// <summary>
/// Fits a layer to the outputs it should have, within what its constraints allow: minimizes the mean of ‖y − W·x − b‖² plus
/// λ‖W − W₀‖² by coordinate descent. Each weight in turn goes to the allowed value next to its best one given all others, if that is
/// an improvement, so that weights make up for each other's errors and the result is never worse than the projected start.
/// </summary>
internal static class ConstrainedLeastSquares
{
    private const int Sweeps = 30;

    // A sweep that improves by less than this share of what there was to gain ends the search.
    private const double Enough = 1e-4;

    /// <summary>Fits weight and bias.</summary>
    /// <param name="start">W₀ [outputs, …]; as many outputs as the moments have.</param>
    /// <param name="moments">What the layer sees, and what it should give.</param>
    /// <param name="constraints">What the weight must satisfy.</param>
    /// <param name="ridge">λ as a share of the mean diagonal of the input's covariance.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <returns>The weight, projected, and the bias [outputs] that gives the outputs their mean.</returns>
    public static (Tensor Weight, float[] Bias) Fit(
        Tensor start, LayerMoments moments, WeightConstraints constraints, double ridge, CancellationToken cancellation)
    {
        int k = moments.Inputs, perGroup = moments.Outputs / moments.Groups;
        float[] weight = constraints.Project(start).Span<float>().ToArray();
        float[] initial = start.Span<float>().ToArray(), bias = new float[moments.Outputs];
        bool isFree = constraints is { Mask: null, Codebook: null, Grid: null };
        for (int g = 0; g < moments.Groups; g++)
        {
            double[] mean = new double[k], cross = moments.Cross(g), matrix = Covariance(moments.Gram(g), k, ridge, mean, out double pull);
            if (isFree) Solve(weight.AsSpan(g * perGroup * k, perGroup * k), k, matrix, mean, cross, pull);
            Parallel.For(0, perGroup, new ParallelOptions { CancellationToken = cancellation }, o =>
            {
                int channel = (g * perGroup) + o;
                Row row = new(k, matrix, mean, cross.AsSpan(o * (k + 1), k + 1), initial.AsSpan(channel * k, k), pull);
                if (!isFree) row.Descend(weight.AsSpan(channel * k, k), channel, constraints);
                bias[channel] = row.Bias(weight.AsSpan(channel * k, k));
            });
        }

        return (Tensor.Of<float>(start.Dims, weight), bias);
    }

    /// <summary>All rows of a group at once, by the normal equations.</summary>
    private static void Solve(Span<float> weight, int k, double[] matrix, double[] mean, double[] cross, double pull)
    {
        double[] right = new double[weight.Length];
        for (int i = 0; i < right.Length; i++)
        {
            (int o, int j) = Math.DivRem(i, k);
            right[i] = cross[(o * (k + 1)) + j] - (cross[(o * (k + 1)) + k] * mean[j]) + (pull * weight[i]);
        }

        double[] solution = SymmetricSolver.Solve(k, matrix, right, 0);
        for (int i = 0; i < right.Length; i++) weight[i] = (float)solution[i];
    }

    /// <summary>The covariance of the input with the ridge on its diagonal.</summary>
    private static double[] Covariance(double[] gram, int k, double ridge, double[] mean, out double pull)
    {
        double[] matrix = new double[k * k];
        int n = k + 1;
        double trace = 0;
        for (int i = 0; i < k; i++) mean[i] = gram[(k * n) + i];
        for (int i = 0; i < k; i++)
        {
            for (int j = 0; j < k; j++) matrix[(i * k) + j] = gram[(i * n) + j] - (mean[i] * mean[j]);
            trace += matrix[(i * k) + i];
        }

        pull = ridge * trace / Math.Max(1, k);
        for (int i = 0; i < k; i++) matrix[(i * k) + i] += pull;
        return matrix;
    }

    /// <summary>One output channel: the quadratic ½·wᵀAw − rᵀw.</summary>
    private sealed class Row
    {
        private readonly int k;
        private readonly double[] matrix;
        private readonly double[] mean;
        private readonly double[] right;
        private readonly double outputMean;

        public Row(int k, double[] matrix, double[] mean, ReadOnlySpan<double> cross, ReadOnlySpan<float> initial, double pull)
        {
            (this.k, this.matrix, this.mean, outputMean) = (k, matrix, mean, cross[k]);
            right = new double[k];
            for (int i = 0; i < k; i++) right[i] = cross[i] - (outputMean * mean[i]) + (pull * initial[i]);
        }

        public float Bias(ReadOnlySpan<float> weight)
        {
            double bias = outputMean;
            for (int i = 0; i < k; i++) bias -= mean[i] * weight[i];
            return (float)bias;
        }

        public void Descend(Span<float> weight, int channel, WeightConstraints constraints)
        {
            double[] gradient = [.. right.Select(r => -r)];
            for (int i = 0; i < k; i++) Shift(gradient, i, weight[i]);
            double total = 0;
            for (int sweep = 0; sweep < Sweeps; sweep++)
            {
                double gained = 0;
                for (int i = 0; i < k; i++)
                {
                    double curvature = matrix[(i * k) + i];
                    if (curvature <= 0) continue;
                    float to = constraints.Project((channel * k) + i, channel, (float)(weight[i] - (gradient[i] / curvature)));
                    double step = (double)to - weight[i], gain = -step * (gradient[i] + (curvature * step / 2));
                    if (gain <= 0) continue;
                    gained += gain;
                    weight[i] = to;
                    Shift(gradient, i, step);
                }

                total += gained;
                if (gained <= Enough * total) break;
            }
        }

        // Element by element, so that the width of vectors changes no bit.
        private void Shift(double[] gradient, int column, double step)
        {
            if (step == 0) return;
            ReadOnlySpan<double> from = matrix.AsSpan(column * k, k);
            Span<double> to = gradient;
            int i = 0;
            for (Vector<double> factor = new(step); i <= k - Vector<double>.Count; i += Vector<double>.Count)
                (new Vector<double>(to[i..]) + (factor * new Vector<double>(from[i..]))).CopyTo(to[i..]);
            for (; i < k; i++) to[i] += step * from[i];
        }
    }
}
