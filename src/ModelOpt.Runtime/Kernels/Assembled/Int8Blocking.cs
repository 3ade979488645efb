using ModelOpt.Runtime.Jit;

namespace ModelOpt.Runtime.Kernels.Assembled;

/// <summary>
/// How a row of output pixels and the channels of a group are divided into tiles that fit the registers: panels of nearly equal
/// numbers of registers, tiles of <paramref name="Rows"/> or, in the end of the row, of one pixel less.
/// </summary>
/// <param name="Panels">Registers of each panel.</param>
/// <param name="Rows">Pixels of the long tiles.</param>
/// <param name="Tiles">Tiles of a row.</param>
/// <param name="LongTiles">Tiles, from the first, that have <paramref name="Rows"/> pixels.</param>
internal sealed record Int8Blocking(PanelLayout[] Panels, int Rows, int Tiles, int LongTiles)
{
    // Cycles of a tile beside its multiplications, and of a register of sums on its way through the epilogue in a unit of
    // four, two and one, measured on Zen 4.
    private const double TileCycles = 8, QuadCycles = 2.1, PairCycles = 2.45, SingleCycles = 3.2;

    /// <summary>The first pixel of a tile.</summary>
    public int Pixel(int tile) => (tile * Rows) - Math.Max(0, tile - LongTiles);

    /// <summary>The cheapest division by the cost table.</summary>
    /// <param name="pixels">Pixels of a row, at least 1.</param>
    /// <param name="channels">Output channels of a group, at least 1.</param>
    /// <param name="steps">Steps of four input bytes per output.</param>
    public static Int8Blocking Choose(int pixels, int channels, int steps)
    {
        Int8Blocking best = Create(pixels, channels, 1);
        double cost = best.Cost(steps);
        for (int most = 2; most <= PanelLayout.MaxVectors; most++)
        {
            Int8Blocking blocking = Create(pixels, channels, most);
            double other = blocking.Cost(steps);
            if (other < cost)
                (best, cost) = (blocking, other);
        }

        return best;
    }

    private static Int8Blocking Create(int pixels, int channels, int most)
    {
        int halves = (channels + 7) / 8, vectors = (halves + 1) / 2, count = (vectors + most - 1) / most;
        var panels = new PanelLayout[count];
        int widest = 0;
        for (int i = 0; i < count; i++)
        {
            panels[i] = new PanelLayout((vectors * (i + 1) / count) - (vectors * i / count), i == count - 1 && halves % 2 == 1);
            widest = Math.Max(widest, panels[i].Vectors);
        }

        int maxRows = Int8TileEmitter.MaxRows(widest);
        int tiles = (pixels + maxRows - 1) / maxRows;
        int rows = (pixels + tiles - 1) / tiles;
        return new Int8Blocking(panels, rows, tiles, pixels - (tiles * (rows - 1)));
    }

    /// <summary>Estimated cycles of a row of pixels.</summary>
    /// <param name="steps">Steps of four input bytes per output.</param>
    public double Cost(int steps)
    {
        double cost = 0;
        foreach (PanelLayout panel in Panels)
        {
            cost += LongTiles * TileCost(Rows, panel, steps);
            cost += (Tiles - LongTiles) * TileCost(Rows - 1, panel, steps);
        }

        return cost;
    }

    /// <summary>
    /// Cycles of a tile. A step is bound by its dot products, one a cycle of 512 bits or two of 256; by its loads, one a
    /// cycle, of weights and broadcasts; or by the latency of a chain of dot products.
    /// </summary>
    private static double TileCost(int rows, PanelLayout panel, int steps)
    {
        const double latency = 4;
        double products = rows * panel.Channels / 16.0;
        double epilogue = 0;
        for (int unit = 0; unit < panel.Vectors; unit += panel.UnitVectors(unit))
        {
            epilogue += panel.UnitVectors(unit) switch
            {
                4 => 4 * QuadCycles,
                2 => 2 * PairCycles,
                _ => panel.Width(unit) == VectorWidth.Bits512 ? SingleCycles : SingleCycles / 2,
            };
        }

        return (steps * Math.Max(Math.Max(products, rows + panel.Vectors), latency)) + TileCycles + (rows * epilogue);
    }
}
