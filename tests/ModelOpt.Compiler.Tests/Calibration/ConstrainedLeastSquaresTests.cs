using ModelOpt.Compiler.Calibration;
using ModelOpt.Compiler.Numerics;

namespace ModelOpt.Compiler.Tests.Calibration;

[TestClass]
internal sealed class ConstrainedLeastSquaresTests
{
    private const int K = 5, Outputs = 2, Samples = 200;

    [TestMethod]
    public void Without_constraints_it_is_the_solution_of_the_normal_equations()
    {
        (LayerMoments moments, _, _) = Layer();
        double[] gram = moments.Gram(0), cross = moments.Cross(0);
        double[] exact = SymmetricSolver.Solve(K + 1, gram, cross, 0);
        (Tensor weight, float[] bias) =
            ConstrainedLeastSquares.Fit(Tensor.Zeros(ElementType.Float32, [Outputs, K]), moments, new WeightConstraints(), 0, default);
        for (int o = 0; o < Outputs; o++)
        {
            for (int i = 0; i < K; i++) Assert.AreEqual(exact[(o * (K + 1)) + i], weight.Span<float>()[(o * K) + i], 1e-3);
            Assert.AreEqual(exact[(o * (K + 1)) + K], bias[o], 1e-3);
        }
    }

    [TestMethod]
    public void On_a_grid_no_other_choice_of_one_weight_is_better_and_rounding_is_worse()
    {
        (LayerMoments moments, float[] x, float[] y) = Layer();
        float[] levels = [-1, 0, 1];
        var constraints = new WeightConstraints(Codebook: new Codebook(3, ClusterScope.Tensor, [levels]));
        double[] solution = SymmetricSolver.Solve(K + 1, moments.Gram(0), moments.Cross(0), 0);
        Tensor start = Tensor.Of<float>(
            [Outputs, K], [.. Enumerable.Range(0, Outputs * K).Select(i => (float)solution[(i / K * (K + 1)) + (i % K)])]);
        float[] fitted = ConstrainedLeastSquares.Fit(start, moments, constraints, 0, default).Weight.Span<float>().ToArray();
        float[] rounded = constraints.Project(start).Span<float>().ToArray();
        double found = 0, nearest = 0;
        for (int o = 0; o < Outputs; o++)
        {
            float[] row = fitted[(o * K)..((o + 1) * K)];
            double loss = Loss(row, o);
            foreach (float level in levels)
            {
                for (int i = 0; i < K; i++) Assert.IsTrue(Loss([.. row[..i], level, .. row[(i + 1)..]], o) >= loss - 1e-6);
            }

            found += loss;
            nearest += Loss(rounded[(o * K)..((o + 1) * K)], o);
        }

        Assert.IsTrue(found < nearest, $"{found} against {nearest} of rounding each by itself");

        // The variance of what is left, with the best bias.
        double Loss(float[] w, int o)
        {
            double[] rest = [.. Enumerable.Range(0, Samples)
                .Select(s => y[(o * Samples) + s] - Enumerable.Range(0, K).Sum(i => (double)w[i] * x[(i * Samples) + s]))];
            double mean = rest.Average();
            return rest.Average(r => (r - mean) * (r - mean));
        }
    }

    [TestMethod]
    public void The_ridge_pulls_to_the_start()
    {
        (LayerMoments moments, _, _) = Layer();
        Tensor start = TestGraph.RandomTensor(9, Outputs, K);
        float[] pulled = ConstrainedLeastSquares.Fit(start, moments, new WeightConstraints(), 1e6, default).Weight.Span<float>().ToArray();
        for (int i = 0; i < pulled.Length; i++) Assert.AreEqual(start.Span<float>()[i], pulled[i], 1e-4f);
    }

    /// <summary>A layer whose inputs are much alike, so that one weight can stand in for another.</summary>
    private static (LayerMoments Moments, float[] X, float[] Y) Layer()
    {
        float[] free = TestGraph.RandomTensor(3, K + 1, Samples).Span<float>().ToArray(),
            noise = TestGraph.RandomTensor(4, Outputs, Samples).Span<float>().ToArray();
        float[] weight = TestGraph.RandomTensor(5, Outputs, K).Span<float>().ToArray(), x = new float[K * Samples],
            y = new float[Outputs * Samples];
        for (int s = 0; s < Samples; s++)
        {
            for (int i = 0; i < K; i++) x[(i * Samples) + s] = free[(i * Samples) + s] + (1.5f * free[(K * Samples) + s]) + 0.5f;
            for (int o = 0; o < Outputs; o++)
            {
                y[(o * Samples) + s] = 3 + (0.1f * noise[(o * Samples) + s]);
                for (int i = 0; i < K; i++) y[(o * Samples) + s] += weight[(o * K) + i] * x[(i * Samples) + s];
            }
        }

        var moments = new LayerMoments(1, K, Outputs);
        moments.Add(0, x, y, Samples, null);
        return (moments, x, y);
    }
}
