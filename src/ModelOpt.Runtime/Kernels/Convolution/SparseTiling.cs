using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Assembled;

namespace ModelOpt.Runtime.Kernels.Convolution;

/// <summary>How all output pixels of a layer are divided into tiles of nearly equal numbers of registers.</summary>
/// <param name="Registers">Registers of all tiles.</param>
/// <param name="Half">The last one holds 8 pixels instead of 16.</param>
/// <param name="Tiles">Number of tiles.</param>
/// <param name="Target">Instructions.</param>
internal sealed record SparseTiling(int Registers, bool Half, int Tiles, Target Target)
{
    private const int NearBytes = 42 * 1024, MiddleBytes = 128 * 1024;

    /// <summary>Registers of the longest tile.</summary>
    public int Longest => (Registers + Tiles - 1) / Tiles;

    /// <summary>The first pixel of a tile.</summary>
    public int Pixel(int tile) => Target.Lanes * Register(tile);

    /// <summary>Registers of a tile.</summary>
    public PanelLayout Layout(int tile) => new(Register(tile + 1) - Register(tile), Half && tile == Tiles - 1, Target.Lanes);

    /// <summary>The cheapest division by the cost table.</summary>
    /// <param name="target">Instructions.</param>
    /// <param name="pixels">Pixels, at least 1.</param>
    /// <param name="threads">Threads that share the tiles.</param>
    /// <param name="work">The work of each tile.</param>
    public static SparseTiling Choose(Target target, int pixels, int threads, SparseWork work)
    {
        SparseTiling best = Create(target, pixels, threads, 1);
        for (int most = 2; most <= PanelLayout.MaxVectors; most++)
        {
            SparseTiling other = Create(target, pixels, threads, most);
            if (other.Cycles(work) * other.Imbalance(threads) <= best.Cycles(work) * best.Imbalance(threads))
                best = other;
        }

        return best;
    }

    /// <summary>Tiles of so many registers at most, as many for each thread where there are enough.</summary>
    public static SparseTiling Create(Target target, int pixels, int threads, int most)
    {
        int lanes = target.Lanes, registers = (pixels + lanes - 1) / lanes, tiles = (registers + most - 1) / most;
        bool half = lanes == 16 && (pixels + 7) / 8 % 2 == 1;
        return new SparseTiling(registers, half, Math.Min(registers, (tiles + threads - 1) / threads * threads), target);
    }

    /// <summary>Estimated cycles of the layer.</summary>
    public double Cycles(SparseWork work)
    {
        SparseCosts costs = SparseCosts.For(Target);
        double bytes = (double)Target.Bytes * work.Patches * Longest;
        double block = bytes <= NearBytes ? costs.Near : bytes <= MiddleBytes ? costs.Middle : costs.Far;
        return (Tiles * ((work.Blocks * costs.Block) + (work.Channels * costs.Channel))) + ((Registers - (Half ? 0.5 : 0))
            * ((work.Blocks * block) + (work.Channels * costs.Result) + (work.Patches * costs.Patch) + (work.Taps * costs.Tap)));
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

/// <summary>Cycles measured on Zen 4.</summary>
/// <param name="Block">Of a block.</param>
/// <param name="Near">Of a block's register, where the patches lie in the first-level cache or a little beyond.</param>
/// <param name="Middle">The same further away.</param>
/// <param name="Far">The same still further away.</param>
/// <param name="Channel">Of a channel.</param>
/// <param name="Result">Of a channel's register on its way to the output.</param>
/// <param name="Patch">Of a register of patches.</param>
/// <param name="Tap">Of all those of a tap.</param>
internal sealed record SparseCosts(
    double Block, double Near, double Middle, double Far, double Channel, double Result, double Patch, double Tap)
{
    private static readonly SparseCosts WideDot = new(1.6, 0.87, 1.3, 2.0, 1.7, 5, 4, 20), WideBytes = new(2, 2.2, 2.4, 2.8, 1.7, 5, 4, 20);

    private static readonly SparseCosts NarrowDot = new(1.6, 0.55, 0.75, 1.1, 1.7, 3, 2.5, 12),
        NarrowBytes = new(2, 1.1, 1.2, 1.4, 1.7, 3, 2.5, 12);

    public static SparseCosts For(Target target) => target.Width == VectorWidth.Bits512
        ? target.HasDot ? WideDot : WideBytes
        : target.HasDot ? NarrowDot : NarrowBytes;
}
