namespace ModelOpt.Compiler.Techniques.Channels;

/// <summary>
/// Chooses how many units of each group go: those numbers that are best at one price of accuracy for cost, so that no group loses more
/// for the same gain than another; the price is found by bisection, so that the total meets the target.
/// </summary>
internal sealed class ChannelBudget
{
    /// <summary>How far the share that is removed may be from the one asked for.</summary>
    public const double Tolerance = 0.02;

    // Closer than this is not worth another move.
    private const double Close = 0.004;
    private const int Bisections = 60;

    private readonly int[][] _allowed;
    private readonly LossCurve[] _losses;
    private readonly double[][] _alone;
    private readonly Func<int[], double> _saved;

    /// <summary>The choices there are.</summary>
    /// <param name="allowed">For each group, the numbers of units that may be removed, ascending.</param>
    /// <param name="losses">For each group, what that costs in accuracy.</param>
    /// <param name="saved">The share of the cost that is gone for a choice of numbers; grows with each of them.</param>
    public ChannelBudget(IReadOnlyList<int[]> allowed, IReadOnlyList<LossCurve> losses, Func<int[], double> saved)
    {
        _allowed = [.. allowed];
        _losses = [.. losses];
        _saved = saved;
        int[] least = Numbers(new int[allowed.Count]);
        double none = saved(least);
        _alone = [.. _allowed.Select((counts, g) => counts.Select(n =>
        {
            int[] numbers = [.. least];
            numbers[g] = n;
            return saved(numbers) - none;
        }).ToArray())];
    }

    /// <summary>The numbers that come nearest to a target at the least loss.</summary>
    /// <param name="target">The share of the cost to remove.</param>
    /// <returns>For each group, how many units go; the caller asks what share that is.</returns>
    public int[] Choose(double target)
    {
        double low = -40, high = 40;
        for (int i = 0; i < Bisections; i++)
        {
            double middle = (low + high) / 2;
            if (_saved(Numbers(Best(Math.Pow(2, middle)))) < target) low = middle;
            else high = middle;
        }

        int[] below = Best(Math.Pow(2, low)), above = Best(Math.Pow(2, high));
        (below, above) = (Refine(below, target), Refine(above, target));
        return Numbers(Gap(below, target) <= Gap(above, target) ? below : above);
    }

    /// <summary>The share of the cost that is gone when all goes that can.</summary>
    public double Most => _saved(Numbers([.. _allowed.Select(a => a.Length - 1)]));

    private int[] Numbers(int[] positions) => [.. positions.Select((p, g) => _allowed[g][p])];

    private double Gap(int[] positions, double target) => Math.Abs(_saved(Numbers(positions)) - target);

    /// <summary>For each group, the number of least loss less price times gain.</summary>
    private int[] Best(double price)
    {
        int[] positions = new int[_allowed.Length];
        for (int g = 0; g < _allowed.Length; g++)
        {
            double least = double.PositiveInfinity;
            for (int p = 0; p < _allowed[g].Length; p++)
            {
                double cost = _losses[g].At(_allowed[g][p]) - (price * _alone[g][p]);
                if (cost >= least) continue;
                (least, positions[g]) = (cost, p);
            }
        }

        return positions;
    }

    /// <summary>
    /// Moves one group by one step at a time, as long as that brings the total nearer; of such moves the one of least loss for its gain.
    /// </summary>
    private int[] Refine(int[] positions, double target)
    {
        for (double gap = Gap(positions, target); gap > Close;)
        {
            (int Group, int Step)? best = null;
            double least = double.PositiveInfinity;
            int step = _saved(Numbers(positions)) < target ? 1 : -1;
            for (int g = 0; g < positions.Length; g++)
            {
                int to = positions[g] + step;
                if (to < 0 || to >= _allowed[g].Length) continue;
                int[] moved = [.. positions];
                moved[g] = to;
                double nearer = gap - Gap(moved, target);
                if (nearer <= 0) continue;
                double price = (_losses[g].At(_allowed[g][to]) - _losses[g].At(_allowed[g][positions[g]])) / nearer;
                if (price < least) (least, best) = (price, (g, step));
            }

            if (best is not { } move) break;
            positions = [.. positions];
            positions[move.Group] += move.Step;
            gap = Gap(positions, target);
        }

        return positions;
    }
}
