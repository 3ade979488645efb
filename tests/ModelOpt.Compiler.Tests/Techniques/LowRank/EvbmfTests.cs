using ModelOpt.Compiler.Numerics;
using ModelOpt.Compiler.Techniques.LowRank;

namespace ModelOpt.Compiler.Tests.Techniques.LowRank;

[TestClass]
internal sealed class EvbmfTests
{
    [TestMethod]
    [DataRow(64, 64, 5)]
    [DataRow(40, 200, 12)]
    [DataRow(200, 40, 1)]
    public void A_planted_rank_is_found_under_noise(int rows, int columns, int rank)
    {
        // Singular values of the noise end near √rows + √columns; those of the product are well above.
        RowMatrix noisy = Normal(1, rows, rank).Times(Normal(2, rank, columns));
        RowMatrix.AddScaled(noisy.Data, 1, Normal(3, rows, columns).Data);
        Assert.AreEqual(rank, RankOf(noisy));
    }

    [TestMethod]
    public void Noise_alone_has_no_rank() => Assert.AreEqual(0, RankOf(Normal(4, 50, 80)));

    [TestMethod]
    public void Tau_is_near_the_published_constant() => Assert.AreEqual(2.5129, Evbmf.Tau(1), 0.001);

    [TestMethod]
    public void The_noise_variance_is_the_one_of_least_free_energy()
    {
        // Unit noise: no variance far from 1 may explain the matrix better than those near it.
        const int Rows = 60, Columns = 90;
        RowMatrix noisy = Normal(5, Rows, 3).Times(Normal(6, 3, Columns));
        RowMatrix.AddScaled(noisy.Data, 1, Normal(7, Rows, Columns).Data);
        double[] squares = SymmetricEigen.Of(noisy.Times(noisy.Transposed())).Values;
        double alpha = (double)Rows / Columns, tau = Evbmf.Tau(alpha), limit = (1 + tau) * (1 + (alpha / tau));
        double best = Enumerable.Range(1, 4000).Select(i => i / 400.0).MinBy(v => Evbmf.FreeEnergy(v, squares, Columns, alpha, limit));
        Assert.AreEqual(1, best, 0.1);
        Assert.AreEqual(squares.Count(s => s > Columns * best * limit), Evbmf.Rank(squares, Rows, Columns));
    }

    private static int RankOf(RowMatrix matrix)
    {
        RowMatrix wide = matrix.Rows <= matrix.Columns ? matrix : matrix.Transposed();
        return Evbmf.Rank(SymmetricEigen.Of(wide.Times(wide.Transposed())).Values, matrix.Rows, matrix.Columns);
    }

    private static RowMatrix Normal(int seed, int rows, int columns)
    {
        var random = new Random(seed);
        RowMatrix result = new(rows, columns);
        for (int i = 0; i < result.Data.Length; i++)
            result.Data[i] = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
        return result;
    }
}
