using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Numerics;
using ModelOpt.Runtime.Threading;

namespace ModelOpt.Compiler.Options;

/// <summary>Options, data and diagnostics that passes share.</summary>
/// <param name="Recipe">Where layers differ from the options.</param>
/// <param name="Progress">Told how far long work is; may be null.</param>
internal sealed record PassContext(
    CompileOptions Options,
    Recipe Recipe,
    IDiagnosticSink Diagnostics,
    IProgress<CompileProgress>? Progress = null,
    CancellationToken Cancellation = default)
{
    /// <summary>The options of the whole model: the recipe's, or the model's where the recipe has none.</summary>
    public ModelOptions Model { get; } = Recipe.Over(Options);

    /// <summary>The float model that everything which follows is measured against; set after <c>PassPhase.Prepare</c>.</summary>
    public Graph? Reference { get; set; }

    /// <summary>
    /// The states before each calibration sample, in the order of <see cref="Graph.States"/>; null until they are asked for first.
    /// </summary>
    public Tensor[][]? States { get; set; }

    /// <summary>The threads of the compile; null for the calling thread alone. No result depends on them.</summary>
    public WorkerPool? Pool { get; init; }

    /// <summary>The threads, and what ends their work.</summary>
    public Workers Workers => new(Pool, Cancellation);

    /// <summary>Whether there is data to calibrate with.</summary>
    public bool IsCalibrated => Options.CalibrationData.Count > 0;

    /// <summary>The options of one layer; a factor of a layer has the layer's.</summary>
    public LayerOptions OptionsOf(Node node) => Recipe.OptionsOf(node.PartOf ?? node.Label, Options);

    /// <summary>How the numbers of one layer are stored.</summary>
    public QuantizationMode QuantizationOf(Node node) => OptionsOf(node).Quantization ?? QuantizationMode.Int8;
}
