using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Images;
using ModelOpt.Runtime;

namespace ModelOpt.Compiler.Options;

/// <summary>The axis order of images in data files.</summary>
internal enum DataLayout
{
    /// <summary>Taken from the sizes: whichever fits the model's input.</summary>
    Auto,

    /// <summary>Batch, height, width, channel.</summary>
    Nhwc,

    /// <summary>Batch, channel, height, width.</summary>
    Nchw,
}

/// <summary>How to compress a model, and with which data. The caller resolves paths: they are absolute.</summary>
internal sealed record CompileOptions : ModelOptions
{
    /// <summary>Calibration files or folders, one per model input in order; empty for none.</summary>
    public IReadOnlyList<string> CalibrationData { get; init; } = [];

    /// <summary>At most how many samples to calibrate with.</summary>
    public int CalibrationSamples { get; init; } = 256;

    /// <summary>Files or folders to train with, one per model input in order; empty to train with <see cref="CalibrationData"/>.</summary>
    public IReadOnlyList<string> TrainingData { get; init; } = [];

    /// <summary>
    /// The class number of each sample of <see cref="TrainingData"/>, as <see cref="Data.LabelSource"/> reads it; or null.
    /// </summary>
    public string? TrainingLabels { get; init; }

    /// <summary>
    /// Files or folders with the samples that judge training, one per model input in order. If empty, every tenth training sample does.
    /// </summary>
    public IReadOnlyList<string> EvaluationData { get; init; } = [];

    /// <summary>The class number of each sample of <see cref="EvaluationData"/>; or null.</summary>
    public string? EvaluationLabels { get; init; }

    /// <summary>
    /// The file for checkpoints of training; null for none. An interrupted run resumes from it to the same result. The caller deletes it
    /// after writing the results.
    /// </summary>
    public string? CheckpointFile { get; init; }

    /// <summary>Per-channel (or one) mean that data has subtracted: (x − mean) / std.</summary>
    public IReadOnlyList<float> InputMean { get; init; } = [];

    /// <summary>Per-channel (or one) divisor of data: (x − mean) / std.</summary>
    public IReadOnlyList<float> InputStd { get; init; } = [];

    /// <summary>
    /// <see cref="ElementType.UInt8"/> to have the compiled model take raw image bytes (NHWC) and own the preprocessing;
    /// <see cref="ElementType.Undefined"/> to keep the ONNX file's input.
    /// </summary>
    public ElementType InputType { get; init; }

    /// <summary>The sizes that inputs are to have; empty to keep those of the file.</summary>
    public IReadOnlyList<InputShape> InputShape { get; init; } = [];

    /// <summary>The inputs whose values are fixed; the compiled model has them no more.</summary>
    public IReadOnlyList<InputValue> InputValues { get; init; } = [];

    /// <summary>How images are brought to the size that the model takes.</summary>
    public ImageFit ImageFit { get; init; }

    /// <summary>The samples a second that the model takes, of sound; null for those of the files.</summary>
    public int? SampleRate { get; init; }

    /// <summary>Decodes images and keeps them while a model is compiled; null for a decoder of each source.</summary>
    public ImageStore? Images { get; init; }

    /// <summary>The axis order of images in data files.</summary>
    public DataLayout DataLayout { get; init; }

    /// <summary>A recipe file, or null; its options for the model and for single layers win over these.</summary>
    public string? Recipe { get; init; }
}
