using ModelOpt.Compiler.Operators.Contract;
namespace ModelOpt.Compiler.Techniques.Clustering;

/// <summary>The integers that the elements of each output channel may take, and the size of a step.</summary>
/// <param name="Scales">A positive scale for each channel; an element is an integer times it.</param>
/// <param name="Levels">The integers of each channel, ascending, from −127 to 127.</param>
internal sealed record IntegerCodebook(double[] Scales, int[][] Levels)
{
    /// <summary>The position of the level that costs least: squared distance times a weight, plus the level's price.</summary>
    /// <param name="value">The value in steps of the scale.</param>
    /// <param name="weight">What a squared distance of one step costs.</param>
    /// <param name="prices">The price of each integer, from −127 on; not negative.</param>
    public static int Cheapest(ReadOnlySpan<int> levels, double value, double weight, ReadOnlySpan<double> prices)
    {
        int low = 0, high = levels.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (levels[middle] < value) low = middle + 1;
            else high = middle;
        }

        int best = -1;
        double least = double.PositiveInfinity;
        // Prices are not negative: beyond a level whose distance alone costs more, none is cheaper.
        for (int i = low; i < levels.Length && Distance(levels[i]) < least; i++) Consider(i, levels, prices);
        for (int i = low - 1; i >= 0 && Distance(levels[i]) < least; i--) Consider(i, levels, prices);
        return Math.Max(best, 0);

        double Distance(int level) => (level - value) * (level - value) * weight;

        void Consider(int i, ReadOnlySpan<int> levels, ReadOnlySpan<double> prices)
        {
            double cost = Distance(levels[i]) + prices[levels[i] + Largest];
            if (cost >= least) return;
            (best, least) = (i, cost);
        }
    }

    /// <summary>The largest magnitude of an int8 weight.</summary>
    public const int Largest = WeightGrid.MaxWeight;

    /// <summary>How many integers there are.</summary>
    public const int Integers = (2 * Largest) + 1;
}
