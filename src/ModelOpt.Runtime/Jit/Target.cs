using ModelOpt.Runtime.Simd;

namespace ModelOpt.Runtime.Jit;

/// <summary>
/// The instruction set that code is assembled for. Emitters have one text for all: the assembler encodes what has a twin in both
/// encodings, and the properties say what differs.
/// </summary>
/// <param name="name">As users write it, see <see cref="Instructions"/>.</param>
/// <param name="width">Bits of the widest registers.</param>
/// <param name="vex">
/// Instructions have VEX prefixes: 16 registers, and no masks. Otherwise EVEX prefixes: 32 registers, and masks for loads and stores.
/// </param>
/// <param name="hasDot">Whether there is an instruction that multiplies unsigned bytes by signed ones and sums four products.</param>
/// <param name="evexDot">That instruction has an EVEX prefix nevertheless, as processors with AVX512-VNNI alone know it.</param>
internal sealed class Target(string name, VectorWidth width, bool vex, bool hasDot, bool evexDot = false)
{
    public static readonly Target Avx512Vnni = new(Instructions.Avx512Vnni, VectorWidth.Bits512, false, true);

    public static readonly Target Avx512 = new(Instructions.Avx512, VectorWidth.Bits512, false, false);

    public static readonly Target Avx2 = new(Instructions.Avx2, VectorWidth.Bits256, true, false);

    /// <summary>AVX-VNNI, or the same instructions on the lower registers of AVX512-VNNI.</summary>
    public static readonly Target AvxVnni = new(
        Instructions.AvxVnni, VectorWidth.Bits256, true, true, !Processor.HasAvxVnni);

    private static readonly Target[] All = [Avx512Vnni, AvxVnni, Avx512, Avx2];

    /// <summary>All that this process may run, the fastest first.</summary>
    public static Target[] Available { get; } = Array.FindAll(All, target => target.IsSupported);

    /// <summary>The fastest of them from the limit on that was asked for; null where there is none.</summary>
    public static Target? Best { get; } = FastestFrom(Math.Max(0, Array.FindIndex(All, target => target.Name == Instructions.Limit)));

    public string Name => name;

    public VectorWidth Width => width;

    public bool Vex => vex;

    public bool HasDot => hasDot;

    public bool EvexDot => evexDot;

    /// <summary>Vector registers.</summary>
    public int Registers => Vex ? 16 : 32;

    /// <summary>Bytes of a register.</summary>
    public int Bytes => 16 << (int)Width;

    /// <summary>int32 lanes of a register.</summary>
    public int Lanes => 4 << (int)Width;

    private bool IsSupported => Name switch
    {
        Instructions.Avx512Vnni => Processor.HasAvx512Vnni,
        Instructions.Avx512 => Processor.HasAvx512,
        Instructions.AvxVnni => Processor.HasAvxVnni || Processor.HasAvx512Vnni,
        _ => Processor.HasAvx2,
    };

    private static Target? FastestFrom(int index)
    {
        while (index < All.Length && !All[index].IsSupported)
            index++;
        return index < All.Length ? All[index] : null;
    }
}
