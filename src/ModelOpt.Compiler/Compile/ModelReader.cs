using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Tflite;
using ModelOpt.Runtime;
using ModelOpt.Runtime.Storage;

namespace ModelOpt.Compiler.Compile;

/// <summary>Reads model files of all formats, in float32.</summary>
internal static class ModelReader
{
    /// <summary>Reads a model: TFLite, plain or packed, where its first bytes or its name say so, else ONNX.</summary>
    /// <param name="bytes">The file's bytes; the graph may keep them.</param>
    /// <param name="file">Where they come from; named in diagnostics.</param>
    /// <param name="foldsPairs">Whether QDQ pairs become annotations; otherwise they stay nodes.</param>
    /// <exception cref="CompilationException">The bytes are not a model, or not one that is supported.</exception>
    public static Graph Read(byte[] bytes, string? file = null, bool foldsPairs = true)
    {
        if (!IsTflite(bytes, file)) return OnnxReader.Read(bytes, file, foldsPairs, asFloat32: true);
        try
        {
            return TfliteReader.Read(PackedModel.IsPacked(bytes) ? PackedModel.Expand(bytes) : bytes, foldsPairs);
        }
        catch (InvalidModelException e)
        {
            throw new CompilationException(TfliteDiagnostics.InvalidTflite.At(file, null, e.Message.TrimEnd('.')), e);
        }
        catch (CompilationException e)
        {
            throw e.InFile(file);
        }
    }

    /// <summary>The files beside a model that hold tensors of it, which a build watches, too.</summary>
    /// <exception cref="CompilationException">The file is not a model.</exception>
    public static IReadOnlyList<string> FilesBeside(string file) => FilesBeside(OnnxFile.ReadAllBytes(file), file);

    /// <inheritdoc cref="FilesBeside(string)"/>
    /// <param name="bytes">The file's bytes.</param>
    public static IReadOnlyList<string> FilesBeside(byte[] bytes, string file) =>
        IsTflite(bytes, file) ? [] : ExternalFiles.Of(bytes, file);

    private static bool IsTflite(byte[] bytes, string? file) => TfliteReader.Recognizes(bytes) || PackedModel.IsPacked(bytes)
        || Path.GetExtension(file)?.Equals(".tflite", StringComparison.OrdinalIgnoreCase) == true;
}
