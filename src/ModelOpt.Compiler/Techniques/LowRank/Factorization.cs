using ModelOpt.Compiler.Numerics;

namespace ModelOpt.Compiler.Techniques.LowRank;

/// <summary>Two or three factors of a layer, first to last, each as a weight matrix in the order that its node's weight has.</summary>
/// <param name="Form">Which parts of the window each covers.</param>
/// <param name="Factors">[r, n] first, then [out, (r, s)], or for Tucker-2 [r₂, (r₁, s)] and [out, r₂].</param>
/// <param name="Composed">The weight that they make, [out, in·kh·kw].</param>
internal sealed record Factorization(FactorForm Form, IReadOnlyList<RowMatrix> Factors, RowMatrix Composed)
{
    // More rounds gain less than a hundredth of the error.
    private const int MostRounds = 6;

    /// <summary>Fits factors of given ranks.</summary>
    /// <param name="ranks">Channels between the factors: one number, or two for Tucker-2.</param>
    /// <param name="refit">
    /// Whether to alternate. If not, the factors come from the SVD alone (truncated higher-order SVD for Tucker-2).
    /// </param>
    public static Factorization Fit(LayerTarget target, FactorForm form, IReadOnlyList<int> ranks, bool refit)
    {
        TapSplit split = TapSplit.Of(form, target.Shape);
        SplitFactors factors = new(target, split);
        RowMatrix a = factors.Start(ranks[0]);
        double last = double.PositiveInfinity;
        for (int round = 0; ; round++)
        {
            (RowMatrix b, RowMatrix cross, RowMatrix moment, double error) = factors.Second(a);
            RowMatrix? u = null;
            if (form == FactorForm.Tucker)
            {
                SymmetricEigen eigen = SymmetricEigen.Of(b.Times(cross.Transposed()));
                RowMatrix rows = eigen.Vectors.Top(ranks[1]);
                u = rows.Transposed();
                error += Enumerable.Range(ranks[1], eigen.Values.Length - ranks[1]).Sum(i => Math.Max(0, eigen.Values[i])) / target.Energy;
                b = rows.Times(b);
            }

            RowMatrix whole = u is null ? b : u.Times(b);
            bool done = !refit || split.Second == 1 || round == MostRounds || !(error < last * 0.995) || error < 1e-12;
            if (done)
                return Balanced(target, form, factors, split, a, b, u, moment, split.Restore(factors.Composed(a, whole)));
            last = error;
            a = factors.First(a, whole);
        }
    }

    private static Factorization Balanced(
        LayerTarget target, FactorForm form, SplitFactors factors, TapSplit split,
        RowMatrix a, RowMatrix b, RowMatrix? u, RowMatrix moment, RowMatrix composed)
    {
        if (u is not null)
        {
            RowMatrix core = b;
            (core, u) = FactorBalance.Apply(core, u, moment);
            SplitFactors inner = new(LayerTarget.Plain(target.Shape with { Outputs = core.Rows }, target.Weight.Top(core.Rows)), split);
            (a, RowMatrix byTap) = FactorBalance.Apply(a, inner.SecondByTap(core), factors.InputCovariance);
            return new Factorization(form, [a, inner.SecondByOutput(byTap), u], composed);
        }

        (a, RowMatrix second) = FactorBalance.Apply(a, factors.SecondByTap(b), factors.InputCovariance);
        return new Factorization(form, [a, factors.SecondByOutput(second)], composed);
    }
}
