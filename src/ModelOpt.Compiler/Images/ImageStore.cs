using System.Collections.Concurrent;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Runtime;

namespace ModelOpt.Compiler.Images;

/// <summary>
/// Images as a model takes them, decoded and resized once for all passes that read them, as far as memory allows. Thread-safe.
/// </summary>
internal sealed class ImageStore : IDisposable
{
    private const long MostBytes = 1 << 28;

    private readonly ConcurrentDictionary<(string File, ImageSize Size), Tensor> _known = new();
    private long _bytes;

    /// <summary>What decodes.</summary>
    public ImageDecoder Decoder { get; } = new();

    /// <summary>Decodes an image and brings it to a size.</summary>
    /// <returns>Bytes [height, width, channels].</returns>
    /// <exception cref="Diagnostics.CompilationException">It cannot be read, or is damaged.</exception>
    public Tensor Read(string file, ImageSize size)
    {
        if (_known.TryGetValue((file, size), out Tensor? known)) return known;
        Tensor image = size.Of(ImageFile.Decode(file, Decoder));
        if (Interlocked.Add(ref _bytes, image.Bytes.Length) <= MostBytes) _known[(file, size)] = image;
        return image;
    }

    public void Dispose() => Decoder.Dispose();
}

/// <summary>What images are brought to.</summary>
/// <param name="Channels">3 for RGB, 1 for grey.</param>
/// <param name="Fit">What becomes of other proportions.</param>
internal readonly record struct ImageSize(int Height, int Width, int Channels, ImageFit Fit)
{
    /// <summary>Resizes an image; one of this size stays as it is.</summary>
    /// <param name="image">Bytes [height, width, channels], RGB or grey.</param>
    public Tensor Of(Tensor image)
    {
        (int height, int width, int channels) = (image.Dims[0], image.Dims[1], image.Dims[2]);
        if ((height, width, channels) == (Height, Width, Channels)) return image;
        ReadOnlySpan<byte> from = image.Bytes.Span;
        byte[] rgba = new byte[4L * height * width], to = new byte[Height * Width * Channels];
        for (int pixel = 0; pixel < height * width; pixel++)
        {
            for (int c = 0; c < 3; c++) rgba[(4 * pixel) + c] = from[(channels * pixel) + (channels == 3 ? c : 0)];
        }

        RgbaImage.Resize(rgba, width, height, Fit, to, Width, Height, Channels);
        return new Tensor(ElementType.UInt8, [Height, Width, Channels], to);
    }
}
