namespace ModelOpt.Compiler.Emit;

/// <summary>What was done to a model, layer by layer, and what it saved.</summary>
public sealed record Report
{
    /// <summary>The size of the ONNX file that was compiled.</summary>
    public required long OnnxBytes { get; init; }

    /// <summary>The size of the TFLite file.</summary>
    public required long FileBytes { get; init; }
}
