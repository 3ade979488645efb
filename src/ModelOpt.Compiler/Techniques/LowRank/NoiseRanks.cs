using ModelOpt.Compiler.Numerics;

namespace ModelOpt.Compiler.Techniques.LowRank;

/// <summary>
/// Ranks by <see cref="Evbmf"/>, on the weights alone: of the unfolded weight of a split; for Tucker-2 of both channel axes (Kim et
/// al., "Compression of Deep Convolutional Neural Networks for Fast and Low Power Mobile Applications", 2016).
/// </summary>
internal static class NoiseRanks
{
    /// <summary>The form of least cost at these ranks, then the layer as it is; the layer alone where none is cheaper.</summary>
    /// <param name="target">What the factors are to compute; gives their error.</param>
    public static List<RankChoice> Of(FactorGeometry geometry, LayerTarget target)
    {
        WeightShape shape = geometry.Shape;
        LayerTarget plain = LayerTarget.Plain(shape, geometry.Weight);
        int outputs = RankOf(plain.Weight);
        List<RankChoice> choices = [];
        foreach (FactorForm form in geometry.Forms)
        {
            SplitFactors factors = new(plain, TapSplit.Of(form, shape));
            int first = form == FactorForm.Channel ? outputs : RankOf(factors.Taps);
            int[] ranks = form == FactorForm.Tucker ? [first, outputs] : [first];
            long macs = geometry.MacsOf(form, ranks);
            if (form == FactorForm.Tucker && outputs > first * shape.Height * shape.Width) continue;
            if (macs >= geometry.Macs) continue;
            RowMatrix composed = Factorization.Fit(target, form, ranks, false).Composed;
            choices.Add(new RankChoice(form, ranks, macs, target.Error(composed)));
        }

        return [.. choices.OrderBy(c => c.Macs).Take(1), new RankChoice(null, [], geometry.Macs, 0)];
    }

    private static int RankOf(RowMatrix matrix)
    {
        RowMatrix wide = matrix.Rows <= matrix.Columns ? matrix : matrix.Transposed();
        double[] squares = SymmetricEigen.Of(wide.Times(wide.Transposed())).Values;
        return Math.Max(1, Evbmf.Rank(squares, wide.Rows, wide.Columns));
    }
}
