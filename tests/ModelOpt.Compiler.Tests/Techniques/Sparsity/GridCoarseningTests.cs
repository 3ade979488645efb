using ModelOpt.Compiler.Calibration;
using ModelOpt.Compiler.Techniques.Sparsity;
using ModelOpt.Compiler.Tests.Techniques.Clustering;

namespace ModelOpt.Compiler.Tests.Techniques.Sparsity;

[TestClass]
internal sealed class GridCoarseningTests
{
    [TestMethod]
    public void Rounding_adds_about_the_share_that_it_may_and_takes_fewer_integers()
    {
        (LayerQuadratic error, LayerMoments moments, float[] w) = ConstrainTesting.Layer(1, 64, 32);
        bool[] zeros = [.. w.Select(v => MathF.Abs(v) < 0.2f)];
        WeightConstraints sparse = new WeightConstraints().With(new Mask(zeros, SparsityPattern.Unstructured));
        Tensor fitted = ConstrainedLeastSquares.Fit(Tensor.Of<float>([64, 32], w), moments, sparse, 1e-6, default).Weight;
        Quantization grid = GridCoarsening.Of(fitted, [error]), finest = WeightGrid.Symmetric(fitted, 0);
        double left = error.Excess(fitted.Span<float>()), rounded = error.Excess(grid.Round(fitted).Span<float>());
        double share = (rounded - left) / left;
        Assert.IsTrue(share > GridCoarsening.RoundingShare / 2 && share < GridCoarsening.RoundingShare * 2, $"{share}");
        Assert.IsTrue(grid.Scales.Sum() > 1.5 * finest.Scales.Sum());
        double refitted = error.Excess(ConstrainedLeastSquares.Fit(fitted, moments, sparse.With(grid), 1e-6, default).Weight.Span<float>());
        Assert.IsTrue(refitted < rounded, "fitted on the grid, less is left");
    }

    [TestMethod]
    public void Where_pruning_left_no_error_the_grid_stays_as_fine_as_it_was()
    {
        (LayerQuadratic error, _, float[] w) = ConstrainTesting.Layer(2, 4, 16);
        Tensor weight = Tensor.Of<float>([4, 16], w);
        CollectionAssert.AreEqual(WeightGrid.Symmetric(weight, 0).Scales.ToArray(), GridCoarsening.Of(weight, [error]).Scales.ToArray());
    }
}
