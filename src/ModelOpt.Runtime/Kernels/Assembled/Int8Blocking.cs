namespace ModelOpt.Runtime.Kernels.Assembled;

/// <summary>
/// How a row of output pixels and the channels of a group are divided into tiles that fit the registers: panels of nearly equal
/// numbers of registers, tiles of <paramref name="Rows"/> or, in the end of the row, of one pixel less.
/// </summary>
/// <param name="Panels">Registers of 16 channels of each panel.</param>
/// <param name="Rows">Pixels of the long tiles.</param>
/// <param name="Tiles">Tiles of a row.</param>
/// <param name="LongTiles">Tiles, from the first, that have <paramref name="Rows"/> pixels.</param>
internal sealed record Int8Blocking(int[] Panels, int Rows, int Tiles, int LongTiles)
{
    // What a tile costs beside its multiplications, in cycles, measured on Zen 4: the call's share and the latency of the
    // epilogue; and per register of sums, its way through the epilogue.
    private const double TileCycles = 12, SumCycles = 5;

    /// <summary>The first pixel of a tile.</summary>
    public int Pixel(int tile) => (tile * Rows) - Math.Max(0, tile - LongTiles);

    /// <summary>The cheapest division by the cost table below.</summary>
    /// <param name="pixels">Pixels of a row, at least 1.</param>
    /// <param name="channels">Output channels of a group, at least 1.</param>
    /// <param name="steps">Steps of four input bytes per output.</param>
    public static Int8Blocking Choose(int pixels, int channels, int steps)
    {
        int vectors = (channels + 15) / 16;
        Int8Blocking best = Create(pixels, vectors, 1);
        double cost = best.Cost(steps);
        for (int most = 2; most <= Int8Panel.MaxVectors; most++)
        {
            Int8Blocking blocking = Create(pixels, vectors, most);
            double other = blocking.Cost(steps);
            if (other < cost)
                (best, cost) = (blocking, other);
        }

        return best;
    }

    private static Int8Blocking Create(int pixels, int vectors, int most)
    {
        int count = (vectors + most - 1) / most;
        var panels = new int[count];
        for (int i = 0; i < count; i++)
            panels[i] = (vectors * (i + 1) / count) - (vectors * i / count);
        int maxRows = Int8TileEmitter.MaxRows(panels.Max());
        int tiles = (pixels + maxRows - 1) / maxRows;
        int rows = (pixels + tiles - 1) / tiles;
        return new Int8Blocking(panels, rows, tiles, pixels - (tiles * (rows - 1)));
    }

    private double Cost(int steps)
    {
        double cost = 0;
        foreach (int vectors in Panels)
        {
            cost += LongTiles * TileCost(Rows, vectors, steps);
            cost += (Tiles - LongTiles) * TileCost(Rows - 1, vectors, steps);
        }

        return cost;
    }

    /// <summary>
    /// Cycles of a tile. A step is bound by its dot products, one a cycle; by its loads, one a cycle, of weights and broadcasts;
    /// or by the latency of a chain of dot products.
    /// </summary>
    private static double TileCost(int rows, int vectors, int steps)
    {
        const int latency = 4;
        int sums = rows * vectors;
        int step = Math.Max(Math.Max(sums, rows + vectors), latency);
        return (steps * (double)step) + TileCycles + (sums * SumCycles);
    }
}
