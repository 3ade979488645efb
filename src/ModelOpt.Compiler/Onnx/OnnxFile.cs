using Google.Protobuf;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Onnx.Proto;

namespace ModelOpt.Compiler.Onnx;

/// <summary>Reads files as ONNX messages.</summary>
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
        if (FileKind.Of(bytes) is { } other and not FileKind.Onnx) throw OnnxDiagnostics.NotOnnx.Error(null, $"it is {other}");
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
}
