namespace ModelOpt.Fuzz.Files;

/// <summary>What reads a file.</summary>
internal enum FileKind
{
    /// <summary>A TFLite model, for the runtime.</summary>
    Tflite,

    /// <summary>The packed form of one.</summary>
    Packed,

    /// <summary>An ONNX model, for the compiler.</summary>
    Onnx,

    /// <summary>A TFLite model, for the compiler.</summary>
    Source,

    /// <summary>A NumPy array.</summary>
    Npy,

    /// <summary>An archive of NumPy arrays.</summary>
    Npz,

    /// <summary>An IDX file, perhaps in gzip.</summary>
    Idx,

    /// <summary>An image.</summary>
    Png,

    /// <summary>A recipe.</summary>
    Recipe,

    /// <summary>Not a file: what ends badly, to test that it is seen.</summary>
    Fault,
}

/// <summary>A file that nobody wrote.</summary>
internal sealed record FileCase(FileKind Kind, byte[] Bytes)
{
    /// <summary>The ending of its name.</summary>
    public static string Extension(FileKind kind) => kind switch
    {
        FileKind.Packed => "embedded",
        FileKind.Source => "tflite",
        FileKind.Recipe => "json",
        FileKind.Idx => "idx.gz",
        _ => kind.ToString().ToLowerInvariant(),
    };
}
