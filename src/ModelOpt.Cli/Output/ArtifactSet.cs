using ModelOpt.Compiler.Diagnostics;

namespace ModelOpt.Cli.Output;

/// <summary>Writes several files of one stem; each appears whole, and none where one cannot be written.</summary>
internal static class ArtifactSet
{
    /// <summary>Writes files beside their places, then moves them there.</summary>
    /// <exception cref="CompilationException">One cannot be written.</exception>
    public static void Write(params (string Path, byte[] Content)[] files)
    {
        string mark = $".{Guid.NewGuid():n}.tmp", current = files[0].Path;
        try
        {
            foreach ((string path, byte[] content) in files)
            {
                current = path;
                Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
                File.WriteAllBytes(path + mark, content);
                if (Directory.Exists(path)) throw new IOException("a folder has this name.");
            }

            foreach ((string path, _) in files)
            {
                current = path;
                File.Move(path + mark, path, overwrite: true);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new CompilationException(OptionDiagnostics.CannotWrite.At(
                null, null, current, e.Message.Replace(mark, "", StringComparison.Ordinal)), e);
        }
        finally
        {
            foreach ((string path, _) in files) Delete(path + mark);
        }
    }

    private static void Delete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            // It was not written, or stays behind under a name of its own.
        }
    }
}
