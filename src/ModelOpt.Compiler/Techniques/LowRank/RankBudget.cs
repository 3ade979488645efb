namespace ModelOpt.Compiler.Techniques.LowRank;

/// <summary>Divides a number of multiply-accumulates among layers so that the sum of their errors is least.</summary>
internal static class RankBudget
{
    // Bisections of the price of a multiply-accumulate, over all orders of magnitude that doubles have in use.
    private const int Bisections = 100;

    /// <summary>Chooses for each layer.</summary>
    /// <param name="curves">For each layer its choices, dearest first; errors of layers are comparable.</param>
    /// <param name="slack">By how many they may be exceeded.</param>
    /// <returns>A choice of each layer; the cheapest where even these exceed the budget.</returns>
    public static RankChoice[] Choose(IReadOnlyList<List<RankChoice>> curves, long budget, long slack)
    {
        // The least error + price · cost, at the lowest price at which the budget suffices (Lagrange; only convex parts are reached).
        double low = -60, high = 60;
        for (int i = 0; i < Bisections; i++)
        {
            double middle = (low + high) / 2;
            if (At(middle).Sum(c => c.Macs) <= budget) high = middle;
            else low = middle;
        }

        RankChoice[] chosen = At(high);
        // Spends the rest where it removes most error per multiply-accumulate.
        long left = budget + slack - chosen.Sum(c => c.Macs);
        while (true)
        {
            (int Layer, RankChoice? Choice, double Gain) best = (-1, null, 0);
            for (int l = 0; l < chosen.Length; l++)
            {
                foreach (RankChoice choice in curves[l].Where(c => c.Macs > chosen[l].Macs && c.Macs - chosen[l].Macs <= left))
                {
                    double gain = (chosen[l].Error - choice.Error) / (choice.Macs - chosen[l].Macs);
                    if (gain > best.Gain) best = (l, choice, gain);
                }
            }

            if (best.Choice is null) return chosen;
            left -= best.Choice.Macs - chosen[best.Layer].Macs;
            chosen[best.Layer] = best.Choice;
        }

        RankChoice[] At(double logPrice)
        {
            double price = Math.Pow(10, logPrice / 2);
            return [.. curves.Select(c => c.MinBy(p => p.Error + (price * p.Macs))!)];
        }
    }
}
