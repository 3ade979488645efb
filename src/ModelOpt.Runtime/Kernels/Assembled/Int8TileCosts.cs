using ModelOpt.Runtime.Jit;

namespace ModelOpt.Runtime.Kernels.Assembled;

/// <summary>Estimated cycles of assembled int8 tiles.</summary>
/// <param name="target">Instructions.</param>
/// <param name="product">How bytes are multiplied.</param>
/// <param name="split">Share of steps whose weights have other halves, see <see cref="PairSplit"/>.</param>
internal sealed class Int8TileCosts(Target target, ByteProduct product, double split)
{
    // Cycles of a tile beside its multiplications, and of a register of sums on its way through the epilogue in a unit of
    // four, two and one, measured on Zen 4.
    private const double TileCycles = 8, QuadCycles = 2.1, PairCycles = 2.45, SingleCycles = 3.2;

    // The same with registers of 256 bits.
    private const double NarrowQuadCycles = 2.0, NarrowPairCycles = 2.4, NarrowSingleCycles = 3.4;

    // Of a multiplication of words and its addition, which share execution units.
    private const double WordCycles = 1.35;

    // Of a step whose weights are halves, in relation to one of all registers.
    private const double SplitCost = 1.3;

    public Target Target => target;

    public ByteProduct Product => product;

    /// <param name="rows">Pixels.</param>
    /// <param name="panel">Registers.</param>
    /// <param name="steps">Steps per output.</param>
    public double Tile(int rows, PanelLayout panel, int steps)
    {
        double epilogue = 0;
        for (int unit = 0; unit < panel.Vectors; unit += panel.UnitVectors(unit))
            epilogue += panel.UnitVectors(unit) * Unit(panel, unit);
        return (steps * Step(rows, panel)) + TileCycles + (rows * epilogue);
    }

    /// <summary>
    /// A step is bound by its dot products, one a cycle of 512 bits or two of 256; by its loads, one a cycle of 512 bits or two of 256, of
    /// weights and broadcasts; or by the latency of a chain of dot products. Products in pieces are bound by their multiplications,
    /// one or two a cycle too, and by the number of instructions.
    /// </summary>
    private double Step(int rows, PanelLayout panel)
    {
        const double latency = 4, instructionsPerCycle = 5;
        double slowness = target.Width == VectorWidth.Bits512 ? 1 : 0.5, products = rows * panel.Channels / 16.0;
        int loads = rows + panel.Vectors, sums = rows * panel.Vectors;
        return product switch
        {
            ByteProduct.Dot => Math.Max(Math.Max(products, loads * slowness), latency),
            ByteProduct.Bytes => Math.Max(2 * products, ((3 * sums) + loads) / instructionsPerCycle) * (1 + (SplitCost * split)),
            _ => Math.Max(Math.Max(WordCycles * products, loads * slowness), ((2 * sums) + loads) / instructionsPerCycle),
        };
    }

    private static double Unit(PanelLayout panel, int unit) => (panel.UnitVectors(unit), panel.Lanes) switch
    {
        (4, 16) => QuadCycles,
        (2, 16) => PairCycles,
        (_, 16) => panel.Width(unit) == VectorWidth.Bits512 ? SingleCycles : SingleCycles / 2,
        (4, _) => NarrowQuadCycles,
        (2, _) => NarrowPairCycles,
        _ => NarrowSingleCycles,
    };
}
