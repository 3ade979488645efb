using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Simplify;

namespace ModelOpt.Compiler.Emit.Reports;

/// <summary>
/// What compression did to a model, layer by layer, and what it saved. It has no path and no time, so the same model and options give the
/// same report.
/// </summary>
internal sealed record Report
{
    /// <summary>The model's name: the file's, without folder and extension.</summary>
    public required string Model { get; init; }

    /// <summary>The size of the ONNX file that was compiled.</summary>
    public required long OnnxBytes { get; init; }

    /// <summary>The size of the TFLite file.</summary>
    public required long FileBytes { get; init; }

    /// <summary>The size of the TFLite file in a ZIP archive (deflate), the figure that papers publish.</summary>
    public required long ZipBytes { get; init; }

    /// <summary>Size of the embedded form: the packed TFLite file, or the file if packing saves less than a tenth.</summary>
    public required long EmbeddedBytes { get; init; }

    /// <summary>Multiply-accumulates of one run before compression, batch 1 where the batch is open.</summary>
    public required long OnnxMacs { get; init; }

    /// <summary>The techniques that took effect: <c>int8</c>, <c>50 % sparse (2:4)</c>, <c>16 clusters</c>.</summary>
    public required IReadOnlyList<string> Techniques { get; init; }

    /// <summary>The layers of the compressed model in the order in which they run.</summary>
    public required IReadOnlyList<LayerReport> Layers { get; init; }

    /// <summary>How far the outputs are from the original model's on calibration samples; empty where it was not measured.</summary>
    public IReadOnlyList<OutputError> OutputErrors { get; init; } = [];

    /// <summary>How often the compressed model chooses the float model's class; null where it was not measured.</summary>
    public ClassAgreement? Agreement { get; init; }

    /// <summary>The inputs that take what an output gave in the call before.</summary>
    public IReadOnlyList<StatePair> States { get; init; } = [];

    /// <summary>The passes that ran, in order.</summary>
    public required IReadOnlyList<PassReport> Passes { get; init; }

    /// <summary>Warnings and notes, in the order in which they arose.</summary>
    public required IReadOnlyList<Diagnostic> Diagnostics { get; init; }

    /// <summary>The report as a JSON file (<c>NAME.report.json</c>): UTF-8, indented, ending in a line feed.</summary>
    public byte[] ToJson() => ReportWriter.Write(this);

    /// <summary>The report as a page for people (<c>NAME.report.html</c>): UTF-8, one file without scripts.</summary>
    public byte[] ToHtml() => ReportPage.Write(this);
}

/// <summary>One layer of a compressed model.</summary>
internal sealed record LayerReport
{
    /// <summary>The node's name.</summary>
    public required string Name { get; init; }

    /// <summary>The ONNX operator.</summary>
    public required string Operator { get; init; }

    /// <summary>The shape of the first output, the open batch as a symbol.</summary>
    public required IReadOnlyList<string> OutputShape { get; init; }

    /// <summary>Multiply-accumulates of one run, batch 1 where the batch is open.</summary>
    public required long Macs { get; init; }

    /// <summary>Elements of its float constants.</summary>
    public required long Parameters { get; init; }

    /// <summary>Bits of a stored weight; null where it has none.</summary>
    public int? WeightBits { get; init; }

    /// <summary>How many weights it has, biases not counted; null where it has none. So are the next ones.</summary>
    public int? Weights { get; init; }

    /// <summary>The share of its weights that are zero.</summary>
    public double? Sparsity { get; init; }

    /// <summary>The pattern of the zeros, such as <c>2:4</c>; <c>unstructured</c> if they follow none, empty without zeros.</summary>
    public string? Pattern { get; init; }

    /// <summary>How many of its weights' stored values differ.</summary>
    public int? DistinctWeights { get; init; }

    /// <summary>The most different values in one output channel.</summary>
    public int? DistinctWeightsInChannel { get; init; }

    /// <summary>Entropy of its weights: the fewest bits per weight if each is coded by itself.</summary>
    public double? BitsPerWeight { get; init; }

    /// <summary>Bits of an element of its output.</summary>
    public required int ActivationBits { get; init; }

    /// <summary>The scale of its output; null where the output is float.</summary>
    public float? Scale { get; init; }

    /// <summary>The zero point of its output; null where the output is float.</summary>
    public int? ZeroPoint { get; init; }

    /// <summary>Signal to quantization noise of the weight in dB: 10·log10(Σw² / Σ(w − ŵ)²); null where it is stored exactly.</summary>
    public double? WeightSqnr { get; init; }

    /// <summary>Why the layer was not compressed, where a pass gave a reason.</summary>
    public string? Reason { get; init; }
}

/// <summary>What compression cost in one output of the model.</summary>
/// <param name="Error">The root mean square of the difference, as a share of that of the original's output, on the worst sample.</param>
internal sealed record OutputError(string Output, double Error);

/// <summary>The changes of one pass.</summary>
/// <param name="Notes">What it left unchanged, with the reason.</param>
internal sealed record PassReport(string Name, int Changes, IReadOnlyList<PassNote> Notes);
