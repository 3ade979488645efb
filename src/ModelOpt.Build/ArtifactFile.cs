using System.Text;
using ModelOpt.Compiler.Diagnostics;

namespace ModelOpt.Build;

/// <summary>Writes files that appear whole or not at all.</summary>
internal static class ArtifactFile
{
    /// <summary>Writes a file beside its place, then moves it there.</summary>
    /// <exception cref="CompilationException">The file cannot be written.</exception>
    public static void Write(string path, ReadOnlySpan<byte> bytes)
    {
        string beside = $"{path}.{Guid.NewGuid():n}.tmp";
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(beside, bytes);
            File.Move(beside, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Delete(beside);
            throw new CompilationException(OptionDiagnostics.CannotWrite.At(null, null, path, e.Message), e);
        }
    }

    /// <summary>Writes text unless the file holds it already.</summary>
    /// <exception cref="CompilationException">The file cannot be written.</exception>
    public static void WriteIfDifferent(string path, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        if (!Holds(path, bytes)) Write(path, bytes);
    }

    /// <summary>Deletes a file if it is there.</summary>
    public static void Delete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A file that cannot be deleted is overwritten or reported at the next write.
        }
    }

    private static bool Holds(string path, byte[] bytes)
    {
        try
        {
            return File.Exists(path) && File.ReadAllBytes(path).AsSpan().SequenceEqual(bytes);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
