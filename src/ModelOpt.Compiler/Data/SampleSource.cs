using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Data;

/// <summary>
/// The samples of a data file or folder, read one at a time, so that memory does not grow with their number. Reading is
/// thread-safe; in compressed files it is fast only in rising order.
/// </summary>
internal abstract class SampleSource : IDisposable
{
    /// <summary>The file or folder.</summary>
    public abstract string File { get; }

    /// <summary>The number of samples, at least one.</summary>
    public abstract int Count { get; }

    /// <summary>The type of the elements as stored.</summary>
    public abstract ElementType Type { get; }

    /// <summary>The sizes of one sample as stored, without the axis that counts samples.</summary>
    public abstract IReadOnlyList<int> SampleShape { get; }

    /// <summary>Opens a data file or folder; its content decides the format.</summary>
    /// <param name="path">
    /// A NumPy <c>.npy</c> file, an <c>.npz</c> file (<c>data.npz#name</c> chooses one of several arrays), an IDX file such
    /// as MNIST's, either of the first and last in gzip, or a folder of <c>.png</c> images of one size.
    /// </param>
    /// <exception cref="CompilationException">There is no data in a known format.</exception>
    public static SampleSource Open(string path)
    {
        try
        {
            return Directory.Exists(path) ? new ImageFolderSource(path) : DataFile.Open(path)!;
        }
        catch (Exception e) when (IsUnreadable(e))
        {
            throw DataDiagnostics.Unreadable.In(path, e, e.Message.TrimEnd('.'));
        }
    }

    /// <summary>Reads one sample.</summary>
    /// <param name="index">Which, from 0.</param>
    /// <returns>The sample as stored, of <see cref="SampleShape"/>.</returns>
    /// <exception cref="CompilationException">The file is damaged.</exception>
    public abstract Tensor Read(int index);

    /// <summary>Whether the file system refuses a path.</summary>
    internal static bool IsUnreadable(Exception e) =>
        e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException;

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Closes the file.</summary>
    /// <param name="disposing">Whether called from <see cref="Dispose()"/>.</param>
    protected virtual void Dispose(bool disposing)
    {
    }
}
