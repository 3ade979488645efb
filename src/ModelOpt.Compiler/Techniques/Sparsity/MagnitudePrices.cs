namespace ModelOpt.Compiler.Techniques.Sparsity;

/// <summary>
/// Prices zeros by magnitude alone: a weight's square as a share of the layer's sum of squares, so that layers of different scale are
/// comparable.
/// </summary>
internal static class MagnitudePrices
{
    /// <summary>The price of each unit.</summary>
    /// <returns>[bands × units], for each weight of the unit.</returns>
    public static double[] Of(PatternLayout layout, ReadOnlySpan<float> weight)
    {
        double energy = 0;
        foreach (float w in weight) energy += (double)w * w;
        double[] prices = new double[layout.Bands * layout.Units.Count];
        for (int i = 0; i < prices.Length; i++)
        {
            (int band, int unit) = (i / layout.Units.Count, i % layout.Units.Count);
            (int first, int end) = layout.RowsOf(band);
            double sum = 0;
            for (int row = first; row < end; row++)
            {
                foreach (int column in layout.Units[unit])
                {
                    double w = weight[(row * layout.Columns) + column];
                    sum += w * w;
                }
            }

            prices[i] = energy == 0 ? 0 : sum / energy / layout.SizeOf(band, unit);
        }

        return prices;
    }
}
