using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using System.Text;
using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Simd;

namespace ModelOpt.Cli.Bench;

/// <summary>The machine that this process runs on.</summary>
internal static class Machine
{
    /// <summary>The processor, as it names itself.</summary>
    public static string Processor()
    {
        // CPUID's brand string: 48 characters in three leaves.
        if (!X86Base.IsSupported || (uint)X86Base.CpuId(unchecked((int)0x80000000), 0).Eax < 0x80000004)
            return $"{RuntimeInformation.ProcessArchitecture} processor";
        Span<int> brand = stackalloc int[12];
        for (int i = 0; i < 3; i++)
        {
            (brand[4 * i], brand[(4 * i) + 1], brand[(4 * i) + 2], brand[(4 * i) + 3]) =
                X86Base.CpuId(unchecked((int)0x80000002) + i, 0);
        }

        return Encoding.ASCII.GetString(MemoryMarshal.AsBytes(brand)).TrimEnd('\0').Trim();
    }

    /// <summary>The instruction tier of the runtime's kernels.</summary>
    public static string Tier() =>
        AssembledCode.IsSupported ? $"{Name(Target.Best!)}, assembled"
        : SimdTiers.Best switch
        {
            SimdTier.Vector512 => "AVX-512",
            SimdTier.Vector256 => "AVX2",
            SimdTier.Vector128 => "128 bits",
            _ => "scalar",
        };

    /// <summary>
    /// Limits the instructions of the runtime's kernels; null for no limit. Before their first use in this process: they are chosen once.
    /// </summary>
    public static void Limit(string? instructions)
    {
        if (instructions is not null)
            AppContext.SetData(Instructions.Option, instructions);
    }

    private static string Name(Target target) => target.Name switch
    {
        Instructions.Avx512Vnni => "AVX-512 VNNI",
        Instructions.Avx512 => "AVX-512",
        Instructions.AvxVnni => "AVX-VNNI",
        _ => "AVX2",
    };

    /// <summary>Whether kernels are assembled at load time, of int8 dot products.</summary>
    public static bool HasDotProducts => AssembledCode.IsSupported && Target.Best is { HasDot: true };
}
