using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace ModelOpt.Runtime.Jit;

/// <summary>
/// What the processor has that assembled code uses. Where .NET compiles as the program runs, what .NET may use is asked, as users can limit
/// that; a program that was compiled ahead of time knows only what it was compiled for, so there the processor itself is asked.
/// </summary>
internal static unsafe class Processor
{
    // States that the system keeps for each thread, bits of XCR0: XMM and YMM; and masks and ZMM.
    private const uint YmmState = 0b110, ZmmState = 0b1110_0110;

    private static readonly bool AsksItself = X86Base.X64.IsSupported && !RuntimeFeature.IsDynamicCodeCompiled;

    private static readonly uint States = AsksItself ? KeptStates() : 0;

    /// <summary>256 bits, with fused multiply-add.</summary>
    public static bool HasAvx2 { get; } = AsksItself ? HasAvx2Itself() : X86Base.X64.IsSupported && Avx2.IsSupported && Fma.IsSupported;

    /// <summary>AVX-512 for bytes, also of 256 and 128 bits.</summary>
    public static bool HasAvx512 { get; } = AsksItself ? HasAvx2 && HasAvx512Itself() : X86Base.X64.IsSupported && Avx512BW.VL.IsSupported;

    /// <summary>Dot products of bytes in AVX-512. .NET has no class for it.</summary>
    public static bool HasAvx512Vnni { get; } = HasAvx512 && (X86Base.CpuId(7, 0).Ecx & (1 << 11)) != 0;

    /// <summary>Dot products of bytes with VEX prefixes.</summary>
    public static bool HasAvxVnni { get; } = AsksItself ? HasAvx2 && HasAvxVnniItself() : X86Base.X64.IsSupported && AvxVnni.IsSupported;

    // AVX and FMA; AVX2, BMI1 and BMI2 come with it on every processor, and are asked too.
    private static bool HasAvx2Itself()
    {
        const int Fma = 1 << 12, Avx = 1 << 28, Bmi1 = 1 << 3, Avx2 = 1 << 5, Bmi2 = 1 << 8;
        return (States & YmmState) == YmmState && (X86Base.CpuId(1, 0).Ecx & (Fma | Avx)) == (Fma | Avx)
            && (X86Base.CpuId(7, 0).Ebx & (Bmi1 | Avx2 | Bmi2)) == (Bmi1 | Avx2 | Bmi2);
    }

    private static bool HasAvx512Itself()
    {
        const int F = 1 << 16, Dq = 1 << 17, Cd = 1 << 28, Bw = 1 << 30, Vl = 1 << 31;
        return (States & ZmmState) == ZmmState && (X86Base.CpuId(7, 0).Ebx & (F | Dq | Cd | Bw | Vl)) == (F | Dq | Cd | Bw | Vl);
    }

    private static bool HasAvxVnniItself() => X86Base.CpuId(7, 0).Eax >= 1 && (X86Base.CpuId(7, 1).Eax & (1 << 4)) != 0;

    // The system says by XGETBV what it keeps. .NET has no such function, so it is assembled: mov r8, argument; xor ecx, ecx; xgetbv;
    // mov [r8], eax; ret.
    private static uint KeptStates()
    {
        const int OsXsave = 1 << 27;
        if ((X86Base.CpuId(1, 0).Ecx & OsXsave) == 0)
            return 0;
        byte argument = OperatingSystem.IsWindows() ? (byte)0xC8 : (byte)0xF8;
        using ExecutableMemory? memory = ExecutableMemory.TryCreate(
            [0x49, 0x89, argument, 0x31, 0xC9, 0x0F, 0x01, 0xD0, 0x41, 0x89, 0x00, 0xC3]);
        uint states = 0;
        if (memory is not null)
            ((delegate* unmanaged<void*, void>)memory.Address)(&states);
        return states;
    }
}
