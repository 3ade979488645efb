using System.Runtime.InteropServices;
using SkiaSharp;

namespace ModelOpt.Decoder;

/// <summary>A decoded picture, or why there is none.</summary>
/// <param name="HasColor">Whether the file has more than grey.</param>
/// <param name="Rgba">Red, green, blue and alpha of each pixel, row after row; empty where only the size was wanted.</param>
/// <param name="Refused">Why it cannot be decoded; null where it can.</param>
internal sealed record Picture(int Width, int Height, bool HasColor, byte[] Rgba, string? Refused = null)
{
    /// <summary>
    /// Decodes a JPEG, WebP or BMP file as its pixels are stored: colour profiles and the orientation of cameras do not count.
    /// </summary>
    /// <param name="file">The bytes of the file.</param>
    /// <param name="mostPixels">Larger pictures are refused; 0 decodes no pixel.</param>
    public static Picture Decode(byte[] file, int mostPixels)
    {
        using SKData data = SKData.CreateCopy(file);
        using SKCodec? codec = SKCodec.Create(data);
        // Other decoders are not reached by files from elsewhere.
        if (codec?.EncodedFormat is not (SKEncodedImageFormat.Jpeg or SKEncodedImageFormat.Webp or SKEncodedImageFormat.Bmp))
            return Refuse("it is not a picture that can be decoded");
        (int width, int height) = (codec.Info.Width, codec.Info.Height);
        bool hasColor = codec.Info.ColorType != SKColorType.Gray8;
        if (mostPixels == 0) return new Picture(width, height, hasColor, []);
        if ((long)width * height > mostPixels) return Refuse($"its {width}×{height} pixels are more than {mostPixels / 1_000_000} million");

        // No colour space: the numbers of the file.
        var info = new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Unpremul, null);
        byte[] rgba = new byte[info.BytesSize];
        GCHandle pinned = GCHandle.Alloc(rgba, GCHandleType.Pinned);
        try
        {
            SKCodecResult result = codec.GetPixels(info, pinned.AddrOfPinnedObject());
            return result switch
            {
                SKCodecResult.Success => new Picture(width, height, hasColor, rgba),
                SKCodecResult.IncompleteInput => Refuse("it is truncated"),
                _ => Refuse("its pixels cannot be decoded"),
            };
        }
        finally
        {
            pinned.Free();
        }
    }

    private static Picture Refuse(string reason) => new(0, 0, false, [], reason);
}
