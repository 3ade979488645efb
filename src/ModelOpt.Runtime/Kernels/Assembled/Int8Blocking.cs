namespace ModelOpt.Runtime.Kernels.Assembled;

/// <summary>
/// How a row of output pixels and the channels of a group are divided into tiles that fit the registers: panels of nearly equal
/// numbers of registers, tiles of <paramref name="Rows"/> or, in the end of the row, of one pixel less.
/// </summary>
/// <param name="Costs">What tiles cost.</param>
/// <param name="Panels">Registers of each panel.</param>
/// <param name="Rows">Pixels of the long tiles.</param>
/// <param name="Tiles">Tiles of a row.</param>
/// <param name="LongTiles">Tiles, from the first, that have <paramref name="Rows"/> pixels.</param>
internal sealed record Int8Blocking(Int8TileCosts Costs, PanelLayout[] Panels, int Rows, int Tiles, int LongTiles)
{
    /// <summary>The first pixel of a tile.</summary>
    public int Pixel(int tile) => (tile * Rows) - Math.Max(0, tile - LongTiles);

    /// <summary>The cheapest division by the cost table.</summary>
    /// <param name="costs">What tiles cost.</param>
    /// <param name="pixels">Pixels of a row, at least 1.</param>
    /// <param name="channels">Output channels of a group, at least 1.</param>
    /// <param name="steps">Steps per output.</param>
    public static Int8Blocking Choose(Int8TileCosts costs, int pixels, int channels, int steps)
    {
        Int8Blocking best = Create(costs, pixels, channels, 1);
        double cost = best.Cost(steps);
        for (int most = 2; most <= PanelLayout.MaxVectors; most++)
        {
            Int8Blocking blocking = Create(costs, pixels, channels, most);
            double other = blocking.Cost(steps);
            if (other < cost)
                (best, cost) = (blocking, other);
        }

        return best;
    }

    private static Int8Blocking Create(Int8TileCosts costs, int pixels, int channels, int most)
    {
        int lanes = costs.Target.Lanes, halves = (channels + 7) / 8, vectors = (channels + lanes - 1) / lanes;
        int count = (vectors + most - 1) / most;
        var panels = new PanelLayout[count];
        int widest = 0;
        for (int i = 0; i < count; i++)
        {
            bool half = lanes == 16 && i == count - 1 && halves % 2 == 1;
            panels[i] = new PanelLayout((vectors * (i + 1) / count) - (vectors * i / count), half, lanes);
            widest = Math.Max(widest, panels[i].Vectors);
        }

        int maxRows = Int8TileEmitter.MaxRows(costs.Target, costs.Product, widest);
        int tiles = (pixels + maxRows - 1) / maxRows;
        int rows = (pixels + tiles - 1) / tiles;
        return new Int8Blocking(costs, panels, rows, tiles, pixels - (tiles * (rows - 1)));
    }

    /// <summary>Estimated cycles of a row of pixels.</summary>
    /// <param name="steps">Steps per output.</param>
    public double Cost(int steps)
    {
        double cost = 0;
        foreach (PanelLayout panel in Panels)
        {
            cost += LongTiles * Costs.Tile(Rows, panel, steps);
            cost += (Tiles - LongTiles) * Costs.Tile(Rows - 1, panel, steps);
        }

        return cost;
    }
}
