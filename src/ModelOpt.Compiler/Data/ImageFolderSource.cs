using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Data;

/// <summary>
/// The .png images of a folder as bytes [height, width, channels], all of one size: RGB, or grey where no image has colour.
/// </summary>
internal sealed class ImageFolderSource : SampleSource
{
    private readonly IReadOnlyList<string> _files;
    private readonly PngHeader _first;
    private readonly bool _color;

    /// <summary>Lists the folder and reads the headers of its images.</summary>
    /// <exception cref="CompilationException">There is no image, one is damaged, or their sizes differ.</exception>
    public ImageFolderSource(string path)
    {
        File = path;
        _files = ImageFolder.List(path).Files;
        if (_files.Count == 0) throw DataDiagnostics.Empty.In(path, null, "the folder holds no .png image");
        byte[] start = new byte[PngHeader.Length];
        foreach (string file in _files)
        {
            PngHeader header = Reading(file, () =>
            {
                using FileStream stream = InputFile.OpenRead(file);
                return PngHeader.Read(start.AsSpan(0, stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)));
            });
            if (_first == default) _first = header;
            _color |= header.IsColor;
            CheckSize(file, header);
        }
    }

    public override string File { get; }

    public override int Count => _files.Count;

    public override ElementType Type => ElementType.UInt8;

    public override IReadOnlyList<int> SampleShape => [_first.Height, _first.Width, _color ? 3 : 1];

    public override Tensor Read(int index)
    {
        string file = _files[index];
        PngHeader header = default;
        byte[] image = Reading(file, () => PngImage.Decode(InputFile.ReadAllBytes(file), out header));
        CheckSize(file, header);
        if (_color && !header.IsColor) image = [.. image.SelectMany(grey => Enumerable.Repeat(grey, 3))];
        return new Tensor(ElementType.UInt8, [.. SampleShape], image);
    }

    private void CheckSize(string file, PngHeader header)
    {
        if ((header.Width, header.Height) != (_first.Width, _first.Height))
            throw DataDiagnostics.ImageSizes.In(file, null, header.Width, header.Height, _first.Width, _first.Height);
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
