using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Images;

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

    /// <summary>The different sizes of samples as stored, without the axis that counts samples; those of the first sample first.</summary>
    public abstract IReadOnlyList<IReadOnlyList<int>> Shapes { get; }

    /// <summary>The sizes of the first sample.</summary>
    public IReadOnlyList<int> SampleShape => Shapes[0];

    /// <summary>Which of <see cref="Shapes"/> a sample has.</summary>
    /// <param name="index">The sample, from 0.</param>
    public virtual int ShapeOf(int index) => 0;

    /// <summary>Opens a data file or folder; its content decides the format.</summary>
    /// <param name="images">Decodes images and keeps them; null for a decoder of this source.</param>
    /// <param name="path">
    /// A NumPy <c>.npy</c> file, an <c>.npz</c> file (<c>data.npz#name</c> chooses one of several arrays, <c>data.npz#x*</c> takes all
    /// that begin so), an IDX file such as MNIST's, either of the first and last in gzip, a <c>.csv</c> or <c>.wav</c> file, an image, or
    /// a folder or pattern (<c>*</c>, <c>?</c>, <c>**</c>) of images, of sounds, or of <c>.npy</c>, <c>.npz</c> and <c>.csv</c> files
    /// (<c>folder#name</c> chooses the array or the columns in each).
    /// </param>
    /// <exception cref="CompilationException">There is no data in a known format.</exception>
    public static SampleSource Open(string path, ImageStore? images = null)
    {
        try
        {
            (string file, string? array) = DataFile.SplitArray(path);
            IReadOnlyList<string> files = Directory.Exists(file) ? SampleFolder.List(file).Files
                : SamplePattern.Is(file) ? SamplePattern.Files(file) : [file];
            if (files.Count == 0 && !Directory.Exists(file)) throw DataDiagnostics.Empty.In(path, null, "no file matches the pattern");
            if (files.All(f => SampleFolder.KindOf(f) == SampleKind.Images)) return new ImageFolderSource(path, files, images);
            if (files.All(f => SampleFolder.KindOf(f) == SampleKind.Sounds)) return new WavSource(path, files);
            if (files is [var only] && only == file) return DataFile.Open(path)!;
            return new JoinedSource(path, [.. array is null ? files
                : files.Where(f => SampleFolder.IsNpz(f) || CsvSource.Is(f)).Select(f => $"{f}#{array}")]);
        }
        catch (Exception e) when (IsUnreadable(e))
        {
            throw DataDiagnostics.Unreadable.In(path, e, e.Message.TrimEnd('.'));
        }
    }

    /// <summary>Opens several files or folders: the samples of each follow those of the one before it.</summary>
    /// <param name="paths">As for <see cref="Open(string, ImageStore)"/>, at least one.</param>
    /// <exception cref="CompilationException">There is no data in a known format.</exception>
    public static SampleSource Open(IReadOnlyList<string> paths, ImageStore? images = null) => paths is [var only] ? Open(only, images)
        : new JoinedSource(paths[0], paths, path => Open(path, images));

    /// <summary>The samples as an input takes them, where how they are stored leaves that open: images have no fixed size.</summary>
    /// <returns>This source, or one in its place that disposes of it.</returns>
    /// <exception cref="CompilationException">They cannot be brought to that.</exception>
    public virtual SampleSource For(TensorSignature input, SampleFormat format) => this;

    /// <summary>Reads one sample.</summary>
    /// <param name="index">Which, from 0.</param>
    /// <returns>The sample as stored, of its shape among <see cref="Shapes"/>.</returns>
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
