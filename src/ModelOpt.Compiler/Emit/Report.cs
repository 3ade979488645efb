using System.Text.Json;

namespace ModelOpt.Compiler.Emit;

/// <summary>What was done to a model, layer by layer, and what it saved.</summary>
public sealed record Report
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        NewLine = "\n",
    };

    /// <summary>The size of the ONNX file that was compiled.</summary>
    public required long OnnxBytes { get; init; }

    /// <summary>The size of the TFLite file.</summary>
    public required long FileBytes { get; init; }

    /// <summary>The report as a JSON file (<c>NAME.report.json</c>).</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, Json);
}
