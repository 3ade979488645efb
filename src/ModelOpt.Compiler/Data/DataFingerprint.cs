using System.Text;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Images;

namespace ModelOpt.Compiler.Data;

/// <summary>Tells data by its content, whatever the files are called.</summary>
internal static class DataFingerprint
{
    /// <summary>Writes the content of a data file or folder to a hash.</summary>
    /// <param name="hash">Takes the bytes.</param>
    /// <param name="path">As for <see cref="SampleSource.Open(string, ImageStore)"/>; null for none.</param>
    /// <exception cref="CompilationException">It cannot be read.</exception>
    public static void Append(Stream hash, string? path, CancellationToken cancellation)
    {
        if (path is null)
        {
            hash.Write("none"u8);
            return;
        }

        try
        {
            (string file, string? array) = DataFile.SplitArray(path);
            hash.Write(Encoding.UTF8.GetBytes(array ?? ""));
            bool isPattern = SamplePattern.Is(file);
            if (isPattern || Directory.Exists(file))
            {
                foreach (string sample in isPattern ? SamplePattern.Files(file) : SampleFolder.List(file).Files)
                {
                    // The folders of images are their classes; what a pattern finds is told by its content.
                    string name = isPattern ? Path.GetFileName(sample) : Path.GetRelativePath(file, sample);
                    hash.Write(Encoding.UTF8.GetBytes(name.Replace('\\', '/')));
                    AppendFile(hash, sample, cancellation);
                }

                return;
            }

            AppendFile(hash, file, cancellation);
        }
        catch (Exception e) when (SampleSource.IsUnreadable(e))
        {
            throw DataDiagnostics.Unreadable.In(path, e, e.Message.TrimEnd('.'));
        }
    }

    private static void AppendFile(Stream hash, string file, CancellationToken cancellation)
    {
        using FileStream stream = InputFile.OpenRead(file);
        hash.Write(BitConverter.GetBytes(stream.Length));
        byte[] part = new byte[1 << 16];
        for (int read; (read = stream.Read(part)) > 0; hash.Write(part, 0, read)) cancellation.ThrowIfCancellationRequested();
    }
}
