using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Onnx;

namespace ModelOpt.Cli;

/// <summary>Tells what a model file is.</summary>
internal static class ModelFile
{
    /// <summary>Whether a file is in the TFLite format; what is neither that nor ONNX is left to the ONNX reader.</summary>
    public static bool IsTflite(string path)
    {
        if (Path.GetExtension(path).Equals(".tflite", StringComparison.OrdinalIgnoreCase)) return true;
        try
        {
            using FileStream stream = File.OpenRead(path);
            byte[] start = new byte[8];
            return stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false) == 8 && start.AsSpan(4).SequenceEqual("TFL3"u8);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return false;
        }
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
