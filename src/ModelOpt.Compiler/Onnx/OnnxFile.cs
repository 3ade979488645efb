using System.Text;
using Google.Protobuf;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Onnx.Proto;

namespace ModelOpt.Compiler.Onnx;

/// <summary>Reads files as ONNX messages, and says what a file is if it is no ONNX model.</summary>
internal static class OnnxFile
{
    /// <summary>Reads a file.</summary>
    /// <exception cref="CompilationException">The file cannot be read.</exception>
    public static byte[] ReadAllBytes(string file)
    {
        try
        {
            return InputFile.ReadAllBytes(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new CompilationException(OnnxDiagnostics.UnreadableFile.At(file, null, e.Message.TrimEnd('.')), e);
        }
    }

    /// <summary>Parses a model.</summary>
    /// <param name="bytes">The file's bytes.</param>
    /// <exception cref="CompilationException">They are not an ONNX model.</exception>
    public static ModelProto Parse(byte[] bytes)
    {
        if (bytes.Length == 0) throw OnnxDiagnostics.NotOnnx.Error(null, "it is empty");
        if (Recognize(bytes) is { } other) throw OnnxDiagnostics.NotOnnx.Error(null, other);
        ModelProto model;
        try
        {
            model = ModelProto.Parser.ParseFrom(bytes);
        }
        // A length near 2^31 overflows inside the parser.
        catch (Exception e) when (e is InvalidProtocolBufferException or IndexOutOfRangeException or ArgumentException
            or OverflowException or InvalidOperationException)
        {
            throw new CompilationException(OnnxDiagnostics.NotOnnx.At(null, null, "it is truncated or damaged"), e);
        }

        return model.Graph is null ? throw OnnxDiagnostics.NotOnnx.Error(null, "it holds no graph") : model;
    }

    private static string? Recognize(ReadOnlySpan<byte> bytes)
    {
        if (bytes.StartsWith("PK\x03\x04"u8)) return "it is a ZIP archive";
        if (bytes.StartsWith<byte>([0x1f, 0x8b])) return "it is compressed with gzip";
        if (bytes.Length >= 8 && bytes[4..8].SequenceEqual("TFL3"u8)) return "it is a TFLite model";
        if (bytes.Length >= 8 && bytes[4..8].SequenceEqual("ORTM"u8)) return "it is a model in ONNX Runtime's own format";
        if (bytes.StartsWith("version https://git-lfs"u8)) return "it is a Git LFS pointer, whose file was not fetched";
        if (bytes.StartsWith<byte>([0x89, .. "HDF"u8])) return "it is an HDF5 file";
        return LooksLikeText(bytes) ? "it is text" : null;
    }

    private static bool LooksLikeText(ReadOnlySpan<byte> bytes)
    {
        // An ONNX file begins with the tag of the IR version, 0x08, which no text does.
        ReadOnlySpan<byte> head = bytes[..Math.Min(bytes.Length, 64)];
        foreach (byte b in head)
        {
            if (b is < 0x20 and not ((byte)'\t' or (byte)'\r' or (byte)'\n') || b == 0x7f) return false;
        }

        return Encoding.UTF8.GetString(head).Trim().Length > 0;
    }
}
