using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Data;

/// <summary>
/// The .png images of a folder as bytes [height, width, channels]: RGB, or grey where no image has colour.
/// </summary>
internal sealed class ImageFolderSource : SampleSource
{
    private readonly IReadOnlyList<string> _files;
    private readonly List<(int Height, int Width)> _sizes = [];
    private readonly int[] _sizeOf;
    private readonly bool _color;

    /// <summary>Reads the headers of the images.</summary>
    /// <param name="path">The folder.</param>
    /// <exception cref="CompilationException">There is no image, or one is damaged.</exception>
    public ImageFolderSource(string path, IReadOnlyList<string> files)
    {
        File = path;
        _files = files;
        if (_files.Count == 0) throw DataDiagnostics.Empty.In(path, null, "the folder holds no .png image and no array");
        byte[] start = new byte[PngHeader.Length];
        _sizeOf = new int[_files.Count];
        for (int i = 0; i < _sizeOf.Length; i++)
        {
            string file = _files[i];
            PngHeader header = Reading(file, () =>
            {
                using FileStream stream = InputFile.OpenRead(file);
                return PngHeader.Read(start.AsSpan(0, stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)));
            });
            _color |= header.IsColor;
            if (!_sizes.Contains((header.Height, header.Width))) _sizes.Add((header.Height, header.Width));
            _sizeOf[i] = _sizes.IndexOf((header.Height, header.Width));
        }
    }

    public override string File { get; }

    public override int Count => _files.Count;

    public override ElementType Type => ElementType.UInt8;

    public override IReadOnlyList<IReadOnlyList<int>> Shapes => [.. _sizes.Select(s => (int[])[s.Height, s.Width, _color ? 3 : 1])];

    public override int ShapeOf(int index) => _sizeOf[index];

    public override Tensor Read(int index)
    {
        string file = _files[index];
        PngHeader header = default;
        byte[] image = Reading(file, () => PngImage.Decode(InputFile.ReadAllBytes(file), out header));
        if ((header.Height, header.Width) != _sizes[_sizeOf[index]])
            throw DataDiagnostics.Damaged.In(file, null, "it was changed while it was read");
        if (_color && !header.IsColor) image = [.. image.SelectMany(grey => Enumerable.Repeat(grey, 3))];
        return new Tensor(ElementType.UInt8, [header.Height, header.Width, _color ? 3 : 1], image);
    }

    private static T Reading<T>(string file, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (InvalidDataException e)
        {
            throw DataDiagnostics.Damaged.In(file, e, e.Message);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw DataDiagnostics.Unreadable.In(file, e, e.Message.TrimEnd('.'));
        }
    }
}
