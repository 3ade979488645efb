using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Data;

/// <summary>
/// Sounds as floats −1…1, channels mixed: each file is a sample, or, where a model takes a fixed number of them, as many samples as it
/// holds whole. What is shorter is followed by silence.
/// </summary>
internal sealed class WavSource : SampleSource
{
    private readonly WavFile[] _files;
    private readonly int? _window;
    private readonly int[] _ends;

    /// <summary>Reads the headers of the files.</summary>
    /// <param name="path">What diagnostics name.</param>
    /// <param name="files">At least one.</param>
    /// <exception cref="CompilationException">One is damaged, or differs from the first in its rate.</exception>
    public WavSource(string path, IReadOnlyList<string> files)
        : this(path, [.. files.Select(Open)], null)
    {
        if (Array.Find(_files, f => f.Rate != _files[0].Rate) is { } other)
            throw DataDiagnostics.SampleRate.In(other.File, null, other.Rate, _files[0].Rate);
    }

    private WavSource(string path, WavFile[] files, int? window)
    {
        (File, _files, _window) = (path, files, window);
        // Files about as long as the model takes are one sample each, as their labels are.
        bool isOne = window is null || Array.TrueForAll(files, f => f.Frames / 2 < window);
        _ends = new int[files.Length];
        for (int i = 0; i < files.Length; i++)
            _ends[i] = (i == 0 ? 0 : _ends[i - 1]) + (isOne ? 1 : Math.Max(1, files[i].Frames / window!.Value));
        Shapes = window is { } one ? [[one]] : [.. files.Select(f => f.Frames).Distinct().Select(frames => (int[])[frames])];
    }

    public override string File { get; }

    public override int Count => _ends[^1];

    public override ElementType Type => ElementType.Float32;

    public override IReadOnlyList<IReadOnlyList<int>> Shapes { get; }

    public override int ShapeOf(int index)
    {
        if (_window is not null) return 0;
        int frames = _files[index].Frames;
        return Shapes.Select(shape => shape[0]).ToList().IndexOf(frames);
    }

    /// <summary>The sounds in pieces as long as an input takes, where it leaves no size open.</summary>
    /// <exception cref="CompilationException">The files have another rate than the format says.</exception>
    public override SampleSource For(TensorSignature input, SampleFormat format)
    {
        if (format.SampleRate is { } rate && rate != _files[0].Rate)
            throw DataDiagnostics.SampleRate.In(_files[0].File, null, _files[0].Rate, rate);
        bool isFixed = input.Shape.Rank > 0 && input.Shape.Skip(1).All(d => d.IsKnown);
        if (!isFixed) return this;
        long[] sizes = [.. input.Shape.Skip(1).Select(d => d.Size).Where(size => size != 1)];
        return sizes is [> 0 and <= int.MaxValue] ? new WavSource(File, _files, (int)sizes[0]) : this;
    }

    public override Tensor Read(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
        int file = Array.FindIndex(_ends, end => index < end), first = index - (file == 0 ? 0 : _ends[file - 1]);
        float[] sound = new float[_window ?? _files[file].Frames];
        try
        {
            _files[file].Read(first * sound.Length, sound);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw DataDiagnostics.Unreadable.In(_files[file].File, e, e.Message.TrimEnd('.'));
        }

        return Tensor.Vector<float>(sound);
    }

    private static WavFile Open(string file)
    {
        try
        {
            return WavFile.Open(file);
        }
        catch (Exception e) when (IsUnreadable(e))
        {
            throw DataDiagnostics.Unreadable.In(file, e, e.Message.TrimEnd('.'));
        }
    }
}
