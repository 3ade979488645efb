using ModelOpt.Runtime.Jit;

namespace ModelOpt.Runtime.Kernels.Assembled;

/// <summary>
/// Which output channels the registers of a panel hold. Full registers form units of four, two or one; saturating packs join
/// the registers of a unit alternating by four lanes, and channels are assigned to lanes such that the joined bytes are in
/// channel order. A half register, of 8 channels in 256 bits, comes last and is a unit of its own.
/// </summary>
/// <param name="Vectors">Registers, a half one counted.</param>
/// <param name="Half">The last register holds 8 channels instead of 16; only where registers have 512 bits.</param>
/// <param name="Lanes">Channels of a register: 16, or 8 in 256 bits.</param>
internal readonly record struct PanelLayout(int Vectors, bool Half, int Lanes = 16)
{
    /// <summary>Registers of a panel at most.</summary>
    public const int MaxVectors = 8;

    /// <summary>Channels that the panel has room for.</summary>
    public int Channels => (Lanes * Vectors) - (Half ? 8 : 0);

    /// <summary>First register of the last unit.</summary>
    public int LastUnit
    {
        get
        {
            int unit = 0;
            while (unit + UnitVectors(unit) < Vectors)
                unit += UnitVectors(unit);
            return unit;
        }
    }

    /// <summary>Bits of a register.</summary>
    public VectorWidth Width(int vector) => (Half && vector == Vectors - 1) || Lanes == 8 ? VectorWidth.Bits256 : VectorWidth.Bits512;

    /// <summary>Registers of the unit that begins at register <paramref name="vector"/>.</summary>
    public int UnitVectors(int vector) => (Vectors - (Half ? 1 : 0) - vector) switch
    {
        >= 4 => 4,
        >= 2 => 2,
        _ => 1,
    };

    /// <summary>The channel, counted from the panel's first, that a lane of a register computes.</summary>
    public int Channel(int vector, int lane)
    {
        int unit = 0;
        while (vector >= unit + UnitVectors(unit))
            unit += UnitVectors(unit);
        return (unit * Lanes) + (lane / 4 * 4 * UnitVectors(unit)) + ((vector - unit) * 4) + (lane % 4);
    }
}
