using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Images;

namespace ModelOpt.Compiler.Data;

/// <summary>
/// The samples of several files, one file behind the other. Sizes may differ between files; each is opened when it is read.
/// </summary>
internal sealed class JoinedSource : SampleSource
{
    private readonly string[] _paths;
    private readonly Func<string, SampleSource> _opened;
    private readonly int[] _ends;
    private readonly int[][] _shapesOf;
    private readonly List<IReadOnlyList<int>> _shapes = [];
    private readonly Lock _gate = new();
    private (int File, SampleSource Source)? _open;

    /// <summary>Reads how many samples of what sizes the files have.</summary>
    /// <param name="file">What diagnostics name.</param>
    /// <param name="paths">Files or folders as <see cref="SampleSource.Open(string, ImageStore)"/> takes them, at least one.</param>
    /// <exception cref="CompilationException">One has no samples, or they are of another type than those of the first.</exception>
    /// <param name="open">Opens one; null for <see cref="SampleSource.Open(string, ImageStore)"/>.</param>
    public JoinedSource(string file, IReadOnlyList<string> paths, Func<string, SampleSource>? open = null)
    {
        File = file;
        _opened = open ?? (path => Open(path));
        _paths = [.. paths];
        if (_paths.Length == 0) throw DataDiagnostics.Empty.In(file, null, "the folder holds no .npz or .csv file");
        _ends = new int[_paths.Length];
        _shapesOf = new int[_paths.Length][];
        for (int i = 0; i < _paths.Length; i++)
        {
            using SampleSource source = _opened(_paths[i]);
            if (i == 0) Type = source.Type;
            else if (source.Type != Type)
                throw DataDiagnostics.Unsupported.In(_paths[i], null, $"elements of {source.Type} behind those of {Type}");
            _ends[i] = checked(Count + source.Count);
            _shapesOf[i] = [.. source.Shapes.Select(NumberOf)];
            Count = _ends[i];
        }
    }

    public override string File { get; }

    public override int Count { get; }

    public override ElementType Type { get; }

    public override IReadOnlyList<IReadOnlyList<int>> Shapes => _shapes;

    public override int ShapeOf(int index)
    {
        (int file, int sample) = Find(index);
        return _shapesOf[file].Length == 1 ? _shapesOf[file][0] : Reading(file, source => _shapesOf[file][source.ShapeOf(sample)]);
    }

    public override SampleSource For(TensorSignature input, SampleFormat format)
    {
        Dispose();
        return new JoinedSource(File, _paths, path => _opened(path).For(input, format));
    }

    public override Tensor Read(int index)
    {
        (int file, int sample) = Find(index);
        return Reading(file, source => source.Read(sample));
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) _open?.Source.Dispose();
        base.Dispose(disposing);
    }

    private (int File, int Sample) Find(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
        int file = Array.FindIndex(_ends, end => index < end);
        return (file, index - (file == 0 ? 0 : _ends[file - 1]));
    }

    /// <summary>Reads in a file, which stays open until another is read.</summary>
    private T Reading<T>(int file, Func<SampleSource, T> read)
    {
        lock (_gate)
        {
            if (_open?.File != file)
            {
                _open?.Source.Dispose();
                _open = null;
                _open = (file, _opened(_paths[file]));
            }

            return read(_open.Value.Source);
        }
    }

    private int NumberOf(IReadOnlyList<int> shape)
    {
        int found = _shapes.FindIndex(s => s.SequenceEqual(shape));
        if (found >= 0) return found;
        _shapes.Add(shape);
        return _shapes.Count - 1;
    }
}
