using ModelOpt.Compiler.Images;
using StbImageSharp;
using StbImageWriteSharp;

namespace ModelOpt.Compiler.Tests.Images;

[TestClass]
internal sealed class ImageDecoderTests
{
    // 3×2 pixels, lossless: red, green, blue; (10, 20, 30), (200, 100, 50), (7, 7, 7).
    private const string Webp =
        "UklGRkoAAABXRUJQVlA4TD0AAAAvAkAAAC+gqI0UaJ8n3hCIV2woaBsFuhck4R5tato2YNSrBBZ/QqXU+Q/gH8Clce3L3UBAQqbkg0Ui+h+xAA==";

    private static readonly byte[] WebpPixels = [255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 20, 30, 200, 100, 50, 7, 7, 7];

    [TestMethod]
    public void Jpegs_are_decoded_as_another_decoder_does()
    {
        using var decoder = new ImageDecoder();
        byte[] file = Jpeg(61, 37);
        byte[] expected = ImageResult.FromMemory(file, StbImageSharp.ColorComponents.RedGreenBlue).Data;
        byte[] actual = Rgb(decoder, file, 61, 37);
        double error = Math.Sqrt(expected.Zip(actual, (e, a) => (double)(e - a) * (e - a)).Average());
        // Decoders may round, and interpolate colours, differently.
        Assert.IsLessThan(2.0, error);
        Assert.AreEqual((61, 37, true), decoder.Size(file));
    }

    [TestMethod]
    public void Webp_and_bmp_are_decoded_exactly()
    {
        using var decoder = new ImageDecoder();
        CollectionAssert.AreEqual(WebpPixels, Rgb(decoder, Convert.FromBase64String(Webp), 3, 2));
        using var bmp = new MemoryStream();
        new ImageWriter().WriteBmp(WebpPixels, 3, 2, StbImageWriteSharp.ColorComponents.RedGreenBlue, bmp);
        CollectionAssert.AreEqual(WebpPixels, Rgb(decoder, bmp.ToArray(), 3, 2));
    }

    [TestMethod]
    public void Damaged_files_are_refused_and_the_next_one_is_decoded()
    {
        using var decoder = new ImageDecoder();
        byte[] jpeg = Jpeg(40, 30), webp = Convert.FromBase64String(Webp);
        foreach (byte[] file in (byte[][])[jpeg[..^30], jpeg[..200], jpeg[..20], webp[..^12], [], [1, 2, 3], new byte[5000]])
            Assert.ThrowsExactly<InvalidDataException>(() => decoder.Decode(file, out _, out _, out _), $"{file.Length} bytes");
        Assert.HasCount(40 * 30 * 4, decoder.Decode(jpeg, out _, out _, out _));
    }

    [TestMethod]
    public void Any_bytes_are_decoded_or_refused()
    {
        using var decoder = new ImageDecoder();
        byte[][] files = [Jpeg(24, 20), Convert.FromBase64String(Webp)];
        var random = new Random(1);
        int refused = 0;
        for (int round = 0; round < 200; round++)
        {
            byte[] file = [.. files[round % files.Length]];
            for (int i = random.Next(1, 6); i > 0; i--) file[random.Next(file.Length)] = (byte)random.Next(256);
            try
            {
                byte[] rgba = decoder.Decode(file, out int width, out int height, out _);
                Assert.HasCount(4 * width * height, rgba);
            }
            catch (InvalidDataException)
            {
                refused++;
            }
        }

        Assert.IsGreaterThan(20, refused);
    }

    [TestMethod]
    public void Claims_of_many_pixels_are_refused_unread()
    {
        using var decoder = new ImageDecoder();
        byte[] file = Jpeg(24, 20);
        int frame = file.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xFF, 0xC0]);
        file.AsSpan(frame + 5, 4).Fill(0xEE);
        string reason = Assert.ThrowsExactly<InvalidDataException>(() => decoder.Decode(file, out _, out _, out _)).Message;
        StringAssert.Contains(reason, "61166×61166 pixels are more than 100 million");
    }

    [TestMethod]
    public void A_decoder_that_does_not_answer_is_ended()
    {
        using var folder = new TempFolder();
        using var missing = new ImageDecoder(folder["nothing.dll"]);
        StringAssert.Contains(Refusal(missing), "not installed");
        // Something that is no assembly ends at once.
        using var wrong = new ImageDecoder(folder.Write("wrong.dll", "no assembly"u8));
        StringAssert.Contains(Refusal(wrong), "the decoder failed on it");

        static string Refusal(ImageDecoder decoder) =>
            Assert.ThrowsExactly<InvalidDataException>(() => decoder.Size([1, 2, 3])).Message;
    }

    /// <summary>A JPEG of a colour gradient.</summary>
    internal static byte[] Jpeg(int width, int height)
    {
        byte[] pixels = new byte[3 * width * height];
        for (int i = 0; i < width * height; i++)
            (pixels[3 * i], pixels[(3 * i) + 1], pixels[(3 * i) + 2]) =
                ((byte)(255 * (i % width) / width), (byte)(255 * (i / width) / height), (byte)(128 + (i % width)));
        using var stream = new MemoryStream();
        new ImageWriter().WriteJpg(pixels, width, height, StbImageWriteSharp.ColorComponents.RedGreenBlue, stream, 90);
        return stream.ToArray();
    }

    private static byte[] Rgb(ImageDecoder decoder, byte[] file, int expectedWidth, int expectedHeight)
    {
        byte[] rgba = decoder.Decode(file, out int width, out int height, out _);
        Assert.AreEqual((expectedWidth, expectedHeight), (width, height));
        return [.. rgba.Index().Where(p => p.Index % 4 < 3).Select(p => p.Item)];
    }
}
