using ModelOpt.Cli.Output;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Runtime.Storage;

namespace ModelOpt.Cli.Models;

/// <summary>The formats of model files.</summary>
internal enum ModelFormat
{
    /// <summary>ONNX, or nothing that is known.</summary>
    Onnx,

    /// <summary>A plain TFLite file.</summary>
    Tflite,

    /// <summary>A TFLite file packed as builds embed it (<c>NAME.embedded</c>).</summary>
    PackedTflite,
}

/// <summary>Recognizes model files.</summary>
internal static class ModelFile
{
    /// <summary>The format, by the file's first bytes or its name; anything but TFLite goes to the ONNX reader.</summary>
    public static ModelFormat FormatOf(string path)
    {
        try
        {
            using FileStream stream = InputFile.OpenRead(path);
            Span<byte> start = stackalloc byte[8];
            start = start[..stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)];
            if (PackedModel.IsPacked(start)) return ModelFormat.PackedTflite;
            if (start.Length == 8 && start[4..].SequenceEqual("TFL3"u8)) return ModelFormat.Tflite;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            // Whoever reads it says why it cannot be read.
        }

        return Path.GetExtension(path).Equals(".tflite", StringComparison.OrdinalIgnoreCase) ? ModelFormat.Tflite : ModelFormat.Onnx;
    }

    /// <summary>The plain TFLite file that a file is or holds packed.</summary>
    /// <exception cref="Runtime.InvalidModelException">The packed form is damaged.</exception>
    public static byte[] Plain(byte[] tflite) => PackedModel.IsPacked(tflite) ? PackedModel.Expand(tflite) : tflite;

    /// <summary>Reads a TFLite file, plain or packed.</summary>
    /// <param name="purpose">Who wants it: <c>bench measures</c>.</param>
    /// <exception cref="CompilationException">It cannot be read, or is a file of another kind.</exception>
    public static byte[] ReadTflite(string path, string purpose)
    {
        byte[] file = Read(path);
        return FileKind.Of(file) is { } kind && kind is not (FileKind.Tflite or FileKind.Packed)
            ? throw new CompilationException(EvaluationDiagnostics.OtherKind.At(path, null, purpose, kind)) : file;
    }

    /// <summary>Reads a file.</summary>
    /// <exception cref="CompilationException">It cannot be read.</exception>
    public static byte[] Read(string path)
    {
        try
        {
            return OnnxFile.ReadAllBytes(path);
        }
        catch (CompilationException e)
        {
            throw e.InFile(path);
        }
    }
}
