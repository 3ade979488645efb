using ModelOpt.Compiler.Numerics;

namespace ModelOpt.Compiler.Techniques.LowRank;

/// <summary>One way to decompose a layer, or not to.</summary>
/// <param name="Form">The form; null to keep the layer.</param>
/// <param name="Error">The error as a share of the output's variance.</param>
internal sealed record RankChoice(FactorForm? Form, IReadOnlyList<int> Ranks, long Macs, double Error);

/// <summary>The error of a layer for each number of multiply-accumulates, with the best form for each.</summary>
internal static class RankCurve
{
    // Of more ranks than this every second, third… is tried.
    private const int MostRanks = 16;
    private const int MostFirstRanks = 6;

    /// <summary>The choices of a layer that no other beats in both cost and error, dearest first: the layer as it is.</summary>
    public static List<RankChoice> Of(FactorGeometry geometry, LayerTarget target)
    {
        List<RankChoice> all = [];
        foreach (FactorForm form in geometry.Forms.Where(f => f != FactorForm.Input || !geometry.Forms.Contains(FactorForm.Tucker)))
        {
            SplitFactors factors = new(target, TapSplit.Of(form, geometry.Shape));
            int full = Enumerable.Range(1, factors.FullRank).TakeWhile(r => geometry.MacsOf(form, [r, 1]) < geometry.Macs).Count();
            foreach (int rank in Ranks(full, form == FactorForm.Tucker ? MostFirstRanks : MostRanks))
            {
                (RowMatrix b, RowMatrix cross, _, double error) = factors.Second(factors.Start(rank));
                if (form != FactorForm.Tucker)
                {
                    all.Add(new RankChoice(form, [rank], geometry.MacsOf(form, [rank]), error));
                    continue;
                }

                all.Add(new RankChoice(FactorForm.Input, [rank], geometry.MacsOf(FactorForm.Input, [rank]), error));
                double[] values = SymmetricEigen.Of(b.Times(cross.Transposed())).Values;
                int taps = geometry.Shape.Height * geometry.Shape.Width;
                foreach (int second in Ranks(Math.Min(geometry.Shape.Outputs, rank * taps) - 1, MostRanks))
                {
                    double lost = values.Skip(second).Sum(v => Math.Max(0, v)) / Math.Max(target.Energy, double.Epsilon);
                    all.Add(new RankChoice(form, [rank, second], geometry.MacsOf(form, [rank, second]), error + lost));
                }
            }
        }

        return Best(geometry, all);
    }

    /// <summary>The same choices, and all ranks between them for forms of two factors, with interpolated errors.</summary>
    public static List<RankChoice> Finer(FactorGeometry geometry, List<RankChoice> curve)
    {
        List<RankChoice> all = curve.FindAll(c => c.Form is not null);
        foreach (var form in curve.Where(c => c.Ranks.Count == 1).GroupBy(c => c.Form!.Value))
        {
            RankChoice[] byRank = [.. form.OrderBy(c => c.Ranks[0])];
            for (int i = 1; i < byRank.Length; i++)
            {
                (RankChoice low, RankChoice high) = (byRank[i - 1], byRank[i]);
                for (int rank = low.Ranks[0] + 1; rank < high.Ranks[0]; rank++)
                {
                    double part = (double)(rank - low.Ranks[0]) / (high.Ranks[0] - low.Ranks[0]);
                    all.Add(new RankChoice(form.Key, [rank], geometry.MacsOf(form.Key, [rank]),
                        low.Error + (part * (high.Error - low.Error))));
                }
            }
        }

        return Best(geometry, all);
    }

    /// <summary>The choices worth having.</summary>
    public static List<RankChoice> Best(FactorGeometry geometry, IEnumerable<RankChoice> choices)
    {
        List<RankChoice> best = [];
        double error = double.PositiveInfinity;
        foreach (RankChoice choice in choices.Where(c => c.Macs < geometry.Macs).OrderBy(c => c.Macs).ThenBy(c => c.Error))
        {
            // An error of nothing but rounding is none, and so beats the next.
            if (!(choice.Error < error)) continue;
            error = choice.Error < 1e-9 ? 0 : choice.Error;
            best.Add(choice with { Error = error });
        }

        best.Add(new RankChoice(null, [], geometry.Macs, 0));
        best.Reverse();
        return best;
    }

    /// <summary>Ranks up to the largest: multiples of 8, which kernels like, where there are enough of them; then of 4; else all.</summary>
    public static IEnumerable<int> Ranks(int largest, int most)
    {
        int unit = largest >= 32 ? 8 : largest >= 12 ? 4 : 1;
        int step = unit * Math.Max(1, (largest / unit + most - 1) / most);
        for (int rank = step; rank <= largest; rank += step) yield return rank;
        // A dear layer may have to go below its first step.
        for (int rank = step / 2; rank >= 1; rank /= 2) yield return rank;
    }
}
