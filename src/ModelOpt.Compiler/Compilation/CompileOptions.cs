using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Compilation;

/// <summary>How a model's numbers are stored.</summary>
public enum QuantizationMode
{
    /// <summary>int8 weights and activations (needs calibration data).</summary>
    Int8,

    /// <summary>float16 weights; computation in float32.</summary>
    Float16,

    /// <summary>int8 weights; computation in float32.</summary>
    WeightOnlyInt8,

    /// <summary>float32 throughout.</summary>
    None,
}

/// <summary>How the range of an activation is chosen from what calibration saw.</summary>
public enum CalibrationMethod
{
    /// <summary>The smallest and largest value seen.</summary>
    MinMax,

    /// <summary>The exponential moving average of each sample's minimum and maximum.</summary>
    MovingAverage,

    /// <summary>Cuts off 0.01 % at both ends.</summary>
    Percentile,

    /// <summary>The thresholds of least Kullback-Leibler divergence.</summary>
    Entropy,

    /// <summary>The thresholds of least mean squared error.</summary>
    Mse,
}

/// <summary>The axis order of images in data files.</summary>
public enum DataLayout
{
    /// <summary>Taken from the sizes: whichever fits the model's input.</summary>
    Auto,

    /// <summary>Batch, height, width, channel.</summary>
    Nhwc,

    /// <summary>Batch, channel, height, width.</summary>
    Nchw,
}

/// <summary>What to do with a model. Paths are absolute or relative to nothing: the caller resolves them.</summary>
public sealed record CompileOptions
{
    /// <summary>How numbers are stored; the default needs <see cref="CalibrationData"/>.</summary>
    public QuantizationMode Quantization { get; init; } = QuantizationMode.Int8;

    /// <summary>Calibration files or folders, one per model input in order; empty for none.</summary>
    public IReadOnlyList<string> CalibrationData { get; init; } = [];

    /// <summary>At most how many samples to calibrate with.</summary>
    public int CalibrationSamples { get; init; } = 256;

    /// <summary>How ranges are chosen; null for the compiler's choice.</summary>
    public CalibrationMethod? CalibrationMethod { get; init; }

    /// <summary>Per-channel (or one) mean that data has subtracted: (x − mean) / std.</summary>
    public IReadOnlyList<float> InputMean { get; init; } = [];

    /// <summary>Per-channel (or one) divisor of data: (x − mean) / std.</summary>
    public IReadOnlyList<float> InputStd { get; init; } = [];

    /// <summary>
    /// <see cref="ElementType.UInt8"/> to have the compiled model take raw image bytes (NHWC) and own the preprocessing;
    /// <see cref="ElementType.Undefined"/> to keep the ONNX file's input.
    /// </summary>
    public ElementType InputType { get; init; }

    /// <summary>The axis order of images in data files.</summary>
    public DataLayout DataLayout { get; init; }

    /// <summary>A recipe file, or null; what it says of the model or of single layers wins over these options.</summary>
    public string? Recipe { get; init; }
}
