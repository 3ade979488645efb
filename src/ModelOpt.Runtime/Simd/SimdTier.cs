using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace ModelOpt.Runtime.Simd;

/// <summary>The vector width a kernel is instantiated for. Every tier gives the same bits; only the speed differs.</summary>
internal enum SimdTier
{
    /// <summary>One lane: the oracle that the vector tiers are tested against.</summary>
    Scalar,

    /// <summary>128 bits: SSE4.1, Arm AdvSimd, WebAssembly.</summary>
    Vector128,

    /// <summary>256 bits: AVX2 with FMA.</summary>
    Vector256,

    /// <summary>512 bits: AVX-512 F, BW, DQ and VL.</summary>
    Vector512,
}

/// <summary>Chooses the widest tier of this machine.</summary>
internal static class SimdTiers
{
    /// <summary>
    /// Whether <see cref="Vector512"/> is 512 bits in hardware. .NET says no where wide registers lower the clock (Skylake, Cascade Lake),
    /// but compiles it so nevertheless: twice the work at three quarters of the clock. Ahead of time it does not, unless told.
    /// </summary>
    public static bool HasVector512 { get; } =
        Vector512.IsHardwareAccelerated || (RuntimeFeature.IsDynamicCodeCompiled && Avx512BW.VL.IsSupported);

    /// <summary>The widest tier that this process has in hardware and <see cref="Instructions"/> allow.</summary>
    public static SimdTier Best { get; } =
        HasVector512 && !Instructions.AreNarrow ? SimdTier.Vector512
        : Vector256.IsHardwareAccelerated ? SimdTier.Vector256
        : Vector128.IsHardwareAccelerated ? SimdTier.Vector128
        : SimdTier.Scalar;

    /// <summary>float or int32 lanes of one register.</summary>
    public static int Lanes(SimdTier tier) => tier == SimdTier.Scalar ? 1 : 2 << (int)tier;

    /// <summary>The widest tier, at most <paramref name="tier"/>, whose registers <paramref name="elements"/> fill.</summary>
    public static SimdTier Fitting(SimdTier tier, int elements)
    {
        while (tier > SimdTier.Scalar && Lanes(tier) > elements)
            tier--;
        return tier;
    }

    /// <summary>
    /// The narrowest tier, but at least 128 bits, one panel of which (two registers) still holds <paramref name="columns"/>;
    /// <paramref name="tier"/> itself where they need more. So that few columns do not compute mostly padding.
    /// </summary>
    public static SimdTier ForColumns(SimdTier tier, int columns)
    {
        while (tier > SimdTier.Vector128 && Lanes(tier) >= columns)
            tier--;
        return tier;
    }
}
