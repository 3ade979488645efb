using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Images;

/// <summary>Reads image files: PNG here, others by the decoder.</summary>
internal static class ImageFile
{
    // Sizes stand at the beginning, unless a camera put much before them.
    private const int Beginning = 1 << 16;

    /// <summary>Reads what size an image has, and whether it has colour.</summary>
    /// <exception cref="CompilationException">It cannot be read, or is no image.</exception>
    public static (int Width, int Height, bool HasColor) Size(string file, ImageDecoder decoder) => Reading(file, () =>
    {
        byte[] start = new byte[Beginning];
        using (FileStream stream = InputFile.OpenRead(file))
            start = start[..stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)];
        if (IsPng(file, start))
        {
            PngHeader header = PngHeader.Read(start.AsSpan(0, Math.Min(start.Length, PngHeader.Length)));
            return (header.Width, header.Height, header.IsColor);
        }

        try
        {
            return decoder.Size(start);
        }
        catch (InvalidDataException) when (start.Length == Beginning)
        {
            return decoder.Size(InputFile.ReadAllBytes(file));
        }
    });

    /// <summary>Decodes an image.</summary>
    /// <returns>Bytes [height, width, channels], RGB or grey.</returns>
    /// <exception cref="CompilationException">It cannot be read, or is damaged.</exception>
    public static Tensor Decode(string file, ImageDecoder decoder) => Reading(file, () =>
    {
        byte[] bytes = InputFile.ReadAllBytes(file);
        if (IsPng(file, bytes))
        {
            byte[] image = PngImage.Decode(bytes, out PngHeader header);
            return new Tensor(ElementType.UInt8, [header.Height, header.Width, header.IsColor ? 3 : 1], image);
        }

        byte[] rgba = decoder.Decode(bytes, out int width, out int height, out bool hasColor);
        int channels = hasColor ? 3 : 1;
        byte[] pixels = new byte[width * height * channels];
        for (int from = 0, to = 0; to < pixels.Length; from += 4, to += channels)
            rgba.AsSpan(from, channels).CopyTo(pixels.AsSpan(to));
        return new Tensor(ElementType.UInt8, [height, width, channels], pixels);
    });

    // What is called so and is none is said to be none.
    private static bool IsPng(string file, ReadOnlySpan<byte> bytes) => bytes.StartsWith((ReadOnlySpan<byte>)[0x89, (byte)'P', (byte)'N'])
        || Path.GetExtension(file).Equals(".png", StringComparison.OrdinalIgnoreCase);

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
