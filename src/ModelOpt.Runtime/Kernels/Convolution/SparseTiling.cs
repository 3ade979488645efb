using ModelOpt.Runtime.Kernels.Assembled;

namespace ModelOpt.Runtime.Kernels.Convolution;

/// <summary>How all output pixels of a layer are divided into tiles of nearly equal numbers of registers.</summary>
/// <param name="Registers">Registers of all tiles.</param>
/// <param name="Half">The last one holds 8 pixels instead of 16.</param>
/// <param name="Tiles">Number of tiles.</param>
internal sealed record SparseTiling(int Registers, bool Half, int Tiles)
{
    // Cycles measured on Zen 4: of a block; of a block's register, where the patches lie in the first-level cache or a little beyond,
    // and further away; of a channel; of a channel's register on its way to the output; of a register of patches, and of all those of a
    // tap.
    private const double BlockCycles = 1.6, NearCycles = 0.87, MiddleCycles = 1.3, FarCycles = 2.0, ChannelCycles = 1.7, ResultCycles = 5,
        PatchCycles = 4, TapCycles = 20;

    private const int NearBytes = 42 * 1024, MiddleBytes = 128 * 1024;

    /// <summary>Registers of the longest tile.</summary>
    public int Longest => (Registers + Tiles - 1) / Tiles;

    /// <summary>The first pixel of a tile.</summary>
    public int Pixel(int tile) => 16 * Register(tile);

    /// <summary>Registers of a tile.</summary>
    public PanelLayout Layout(int tile) => new(Register(tile + 1) - Register(tile), Half && tile == Tiles - 1);

    /// <summary>The cheapest division by the cost table.</summary>
    /// <param name="pixels">Pixels, at least 1.</param>
    /// <param name="threads">Threads that share the tiles.</param>
    /// <param name="work">The work of each tile.</param>
    public static SparseTiling Choose(int pixels, int threads, SparseWork work)
    {
        SparseTiling best = Create(pixels, threads, 1);
        for (int most = 2; most <= PanelLayout.MaxVectors; most++)
        {
            SparseTiling other = Create(pixels, threads, most);
            if (other.Cycles(work) * other.Imbalance(threads) <= best.Cycles(work) * best.Imbalance(threads))
                best = other;
        }

        return best;
    }

    /// <summary>Tiles of so many registers at most, as many for each thread where there are enough.</summary>
    public static SparseTiling Create(int pixels, int threads, int most)
    {
        int halves = (pixels + 7) / 8, registers = (halves + 1) / 2, tiles = (registers + most - 1) / most;
        return new SparseTiling(registers, halves % 2 == 1, Math.Min(registers, (tiles + threads - 1) / threads * threads));
    }

    /// <summary>Estimated cycles of the layer.</summary>
    public double Cycles(SparseWork work)
    {
        double bytes = 64.0 * work.Patches * Longest;
        double block = bytes <= NearBytes ? NearCycles : bytes <= MiddleBytes ? MiddleCycles : FarCycles;
        return (Tiles * ((work.Blocks * BlockCycles) + (work.Channels * ChannelCycles))) + ((Registers - (Half ? 0.5 : 0))
            * ((work.Blocks * block) + (work.Channels * ResultCycles) + (work.Patches * PatchCycles) + (work.Taps * TapCycles)));
    }

    /// <summary>The longest share of a thread in relation to the mean.</summary>
    private double Imbalance(int threads) => (double)((Tiles + threads - 1) / threads * threads) / Tiles;

    private int Register(int tile) => (int)((long)Registers * tile / Tiles);
}

/// <summary>The work of a sparse convolution for each pixel.</summary>
/// <param name="Channels">Output channels.</param>
/// <param name="Taps">Input pixels under the window.</param>
/// <param name="Patches">Blocks of four input bytes under the window.</param>
/// <param name="Blocks">Blocks of weights, of all channels, that are not zero.</param>
internal readonly record struct SparseWork(int Channels, int Taps, int Patches, int Blocks);
