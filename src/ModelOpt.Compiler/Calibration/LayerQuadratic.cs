using MathNet.Numerics.LinearAlgebra.Factorization;
using ModelOpt.Compiler.Numerics;

namespace ModelOpt.Compiler.Calibration;

/// <summary>
/// The squared error of one group of a layer's output channels as a function of their weights, the bias always being the best:
/// <c>w A wᵀ − 2 b wᵀ + const</c> for each of them, with <c>A = cov(x) + r·I</c> and <c>b = cov(y, x) + r·w₀</c>. The ridge r pulls
/// to the weights w₀ that the layer began with, which alone say anything of directions that the data never took.
/// </summary>
internal sealed class LayerQuadratic
{
    private readonly double[] _linear;
    private Cholesky<double>? _factor;
    private double[]? _best;

    /// <summary>The error of a group against the reference.</summary>
    /// <param name="start">w₀ of the whole layer: [outputs, inputs].</param>
    /// <param name="ridge">r, as a share of the mean variance of the inputs.</param>
    public LayerQuadratic(LayerMoments moments, int group, ReadOnlySpan<float> start, double ridge)
    {
        int k = Columns = moments.Inputs;
        Rows = moments.Outputs / moments.Groups;
        Matrix = moments.InputCovariance(group);
        double trace = 0;
        for (int i = 0; i < k; i++) trace += Matrix[i * (k + 1)];

        // An input that never varies says nothing of any weight: then their squares are the error.
        double pull = trace > 0 ? ridge * trace / k : 1;
        for (int i = 0; i < k; i++) Matrix[i * (k + 1)] += pull;
        _linear = moments.CrossCovariance(group);
        for (int i = 0; i < _linear.Length; i++) _linear[i] += pull * start[(group * _linear.Length) + i];
    }

    /// <summary>The error of every group.</summary>
    /// <param name="start">w₀ of the whole layer: [outputs, inputs].</param>
    /// <param name="ridge">r, as a share of the mean variance of the inputs.</param>
    public static LayerQuadratic[] Of(LayerMoments moments, float[] start, double ridge) =>
        [.. Enumerable.Range(0, moments.Groups).Select(g => new LayerQuadratic(moments, g, start, ridge))];

    /// <summary>The output channels of the group.</summary>
    public int Rows { get; }

    /// <summary>The inputs of an output channel.</summary>
    public int Columns { get; }

    /// <summary>A, symmetric and positive definite: [columns, columns].</summary>
    public double[] Matrix { get; }

    /// <summary>The Cholesky factorization of A.</summary>
    public Cholesky<double> Factor => _factor ??= SymmetricSolver.Factorize(Columns, Matrix, 0);

    /// <summary>The weights of least error: [rows, columns].</summary>
    public IReadOnlyList<double> Best => _best ??= SymmetricSolver.Solve(Factor, Columns, _linear);

    /// <summary>The output's variance, summed over the channels; errors are relative to it.</summary>
    /// <param name="weights">[rows, columns].</param>
    public double Energy(ReadOnlySpan<float> weights)
    {
        double[] all = Array.ConvertAll(weights.ToArray(), w => (double)w);
        return Enumerable.Range(0, Rows).Sum(row => Square(all.AsSpan(row * Columns, Columns)));
    }

    /// <summary>By how much the error is above the least that any weights have.</summary>
    /// <param name="weights">[rows, columns].</param>
    public double Excess(ReadOnlySpan<float> weights)
    {
        double[] difference = [.. Best];
        for (int i = 0; i < difference.Length; i++) difference[i] -= weights[i];
        double excess = 0;
        for (int row = 0; row < Rows; row++) excess += Square(difference.AsSpan(row * Columns, Columns));
        return excess;
    }

    private double Square(ReadOnlySpan<double> w)
    {
        double sum = 0;
        for (int i = 0; i < w.Length; i++)
        {
            if (w[i] == 0) continue;
            double product = 0;
            for (int j = 0; j < w.Length; j++) product += Matrix[(i * Columns) + j] * w[j];
            sum += w[i] * product;
        }

        return sum;
    }
}
