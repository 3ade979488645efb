using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Images;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Data;

/// <summary>
/// Image files as bytes [height, width, channels]: RGB, or grey where no image has colour.
/// </summary>
internal sealed class ImageFolderSource : SampleSource
{
    private readonly IReadOnlyList<string> _files;
    private readonly ImageStore _store;
    private readonly bool _ownsStore;
    private readonly List<(int Height, int Width)> _sizes = [];
    private readonly int[] _sizeOf;
    private readonly bool _color;

    /// <summary>Reads the headers of the images.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="store">Decodes the images and keeps them; null for one of this source.</param>
    /// <exception cref="CompilationException">There is no image, or one is damaged.</exception>
    public ImageFolderSource(string path, IReadOnlyList<string> files, ImageStore? store = null)
    {
        File = path;
        _files = files;
        if (_files.Count == 0) throw DataDiagnostics.Empty.In(path, null, "the folder holds no image, sound or array");
        _ownsStore = store is null;
        _store = store ?? new ImageStore();
        _sizeOf = new int[_files.Count];
        try
        {
            for (int i = 0; i < _sizeOf.Length; i++)
            {
                (int width, int height, bool hasColor) = ImageFile.Size(_files[i], _store.Decoder);
                _color |= hasColor;
                if (!_sizes.Contains((height, width))) _sizes.Add((height, width));
                _sizeOf[i] = _sizes.IndexOf((height, width));
            }
        }
        catch
        {
            Dispose(true);
            throw;
        }
    }

    public override string File { get; }

    public override int Count => _files.Count;

    public override ElementType Type => ElementType.UInt8;

    public override IReadOnlyList<IReadOnlyList<int>> Shapes => [.. _sizes.Select(s => (int[])[s.Height, s.Width, _color ? 3 : 1])];

    public override int ShapeOf(int index) => _sizeOf[index];

    /// <summary>The images in the size that an input takes, where it leaves no size open.</summary>
    public override SampleSource For(TensorSignature input, SampleFormat format)
    {
        bool isImage = input.Shape.Rank == 4 && (!input.Shape[0].IsKnown || input.Shape[0].Size == 1);
        if (!isImage || format.Layout == DataLayout.Nchw || new Shape(input.Shape.Skip(1)).ToSizes() is not { } dims) return this;
        bool channelsLast = AxisMapping.IsChannelsLast(dims[0], dims[2]);
        ImageSize size = channelsLast ? new(dims[0], dims[1], dims[2], format.Fit) : new(dims[1], dims[2], dims[0], format.Fit);
        return size.Channels is 1 or 3 ? new FittedImages(this, size) : this;
    }

    public override Tensor Read(int index)
    {
        (int height, int width) = _sizes[_sizeOf[index]];
        return Read(index, new ImageSize(height, width, _color ? 3 : 1, default));
    }

    /// <summary>Reads an image in some size.</summary>
    /// <param name="index">Which, from 0.</param>
    /// <exception cref="CompilationException">The file is damaged.</exception>
    public Tensor Read(int index, ImageSize size) => _store.Read(_files[index], size);

    protected override void Dispose(bool disposing)
    {
        if (disposing && _ownsStore) _store.Dispose();
        base.Dispose(disposing);
    }
}
