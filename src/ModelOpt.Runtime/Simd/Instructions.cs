namespace ModelOpt.Runtime.Simd;

/// <summary>
/// The instruction set that an application or a measurement asks for by the option <c>ModelOpt.Runtime.Instructions</c>: one of the
/// names of <c>Target</c>. It limits what kernels use and adds nothing that the processor lacks.
/// </summary>
internal static class Instructions
{
    /// <summary>The option of <see cref="AppContext"/>.</summary>
    public const string Option = "ModelOpt.Runtime.Instructions";

    public const string Avx2 = "avx2", AvxVnni = "avx-vnni", Avx512 = "avx512", Avx512Vnni = "avx512-vnni";

    /// <summary>The name that was asked for; null for whatever there is.</summary>
    public static string? Limit { get; } = AppContext.GetData(Option) as string;

    /// <summary>Whether registers have 256 bits at most.</summary>
    public static bool AreNarrow => Limit is Avx2 or AvxVnni;
}
