using System.Numerics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Numerics;

namespace ModelOpt.Compiler.Calibration;

/// <summary>
/// Fits a layer to its target outputs within its constraints: minimizes the mean of ‖y − W·x − b‖² plus λ‖W − W₀‖² by coordinate descent.
/// Each weight in turn moves to the allowed value nearest to its optimum given all others, if that is an improvement. So weights
/// compensate each other's errors, and the result is never worse than the projected start.
/// </summary>
internal static class ConstrainedLeastSquares
{
    private const int Sweeps = 30;

    // A sweep that improves the error by less than this share ends the search.
    private const double Enough = 1e-4;

    /// <summary>Fits weight and bias.</summary>
    /// <param name="start">W₀ [outputs, …]; as many outputs as the moments have.</param>
    /// <param name="moments">What the layer sees, and what it should give.</param>
    /// <param name="ridge">λ as a share of the mean diagonal of the input's covariance.</param>
    /// <returns>The weight, projected, and the bias [outputs] that gives the outputs their mean.</returns>
    public static (Tensor Weight, float[] Bias) Fit(
        Tensor start, LayerMoments moments, WeightConstraints constraints, double ridge, Workers workers)
    {
        int k = moments.Inputs, perGroup = moments.Outputs / moments.Groups;
        float[] weight = constraints.Project(start).Span<float>().ToArray();
        float[] initial = start.Span<float>().ToArray(), bias = new float[moments.Outputs];
        bool isFree = constraints is { Mask: null, Codebook: null, Grid: null };
        for (int g = 0; g < moments.Groups; g++)
        {
            double[] matrix = moments.InputCovariance(g), right = moments.CrossCovariance(g), mean = moments.InputMean(g).ToArray();
            double trace = 0;
            for (int i = 0; i < k; i++) trace += matrix[i * (k + 1)];
            double pull = ridge * trace / Math.Max(1, k);
            if (isFree) Solve(weight.AsSpan(g * perGroup * k, perGroup * k), k, matrix, right, ridge);
            for (int i = 0; i < k; i++) matrix[i * (k + 1)] += pull;
            workers.For(perGroup, o =>
            {
                int channel = (g * perGroup) + o;
                Span<float> row = weight.AsSpan(channel * k, k);
                if (!isFree)
                {
                    double[] gradient = new double[k];
                    for (int i = 0; i < k; i++) gradient[i] = -right[(o * k) + i] - (pull * initial[(channel * k) + i]);
                    new Row(k, matrix, gradient).Descend(row, channel, constraints);
                }

                double shift = moments.OutputMean(g, o);
                for (int i = 0; i < k; i++) shift -= mean[i] * row[i];
                bias[channel] = (float)shift;
            });
        }

        return (Tensor.Of<float>(start.Dims, weight), bias);
    }

    /// <summary>All rows of a group at once, by the normal equations of the change: where inputs never vary, the weights stay.</summary>
    private static void Solve(Span<float> weight, int k, double[] covariance, double[] cross, double ridge)
    {
        double[] error = [.. cross];
        for (int i = 0; i < error.Length; i++)
        {
            ReadOnlySpan<float> row = weight.Slice(i / k * k, k);
            for (int j = 0; j < k; j++) error[i] -= row[j] * covariance[(i % k * k) + j];
        }

        double[] change = SymmetricSolver.Solve(k, covariance, error, ridge);
        for (int i = 0; i < change.Length; i++) weight[i] = (float)(weight[i] + change[i]);
    }

    /// <summary>One output channel: the quadratic ½·wᵀAw + g₀ᵀw.</summary>
    /// <param name="matrix">A [k, k].</param>
    /// <param name="gradient">g₀, the gradient where all weights are zero; kept up to date with them.</param>
    private sealed class Row(int k, double[] matrix, double[] gradient)
    {
        public void Descend(Span<float> weight, int channel, WeightConstraints constraints)
        {
            for (int i = 0; i < k; i++) Shift(i, weight[i]);
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
                    Shift(i, step);
                }

                total += gained;
                if (gained <= Enough * total) break;
            }
        }

        // Element by element, so that the width of vectors changes no bit.
        private void Shift(int column, double step)
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
