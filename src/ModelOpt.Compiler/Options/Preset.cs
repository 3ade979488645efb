namespace ModelOpt.Compiler.Options;

/// <summary>A named set of options to start from; options that are given explicitly win.</summary>
internal enum Preset
{
    /// <summary>The defaults: int8, up to 256 calibration samples.</summary>
    Balanced,

    /// <summary>The shortest build: int8 from minimum and maximum over up to 32 samples.</summary>
    Fast,

    /// <summary>A longer build: int8 with ranges of least squared error over up to 1024 samples.</summary>
    Accurate,
}

/// <summary>Expands presets.</summary>
internal static class Presets
{
    /// <summary>The options that a preset stands for.</summary>
    public static CompileOptions Options(this Preset preset) => preset switch
    {
        Preset.Fast => new() { CalibrationMethod = CalibrationMethod.MinMax, CalibrationSamples = 32 },
        Preset.Accurate => new() { CalibrationMethod = CalibrationMethod.Mse, CalibrationSamples = 1024 },
        _ => new(),
    };
}
