using ModelOpt.Compiler.Images;
using ModelOpt.Compiler.Tests.Data;

namespace ModelOpt.Compiler.Tests.Images;

[TestClass]
internal sealed class PngImageTests
{
    private static readonly int[] AllFilters = [4, 3, 2, 1, 0, 4, 3, 3, 4, 1, 2];

    [TestMethod]
    [DataRow(0, 1)]
    [DataRow(0, 2)]
    [DataRow(0, 4)]
    [DataRow(0, 8)]
    [DataRow(0, 16)]
    [DataRow(2, 8)]
    [DataRow(2, 16)]
    [DataRow(3, 1)]
    [DataRow(3, 2)]
    [DataRow(3, 4)]
    [DataRow(3, 8)]
    [DataRow(4, 8)]
    [DataRow(4, 16)]
    [DataRow(6, 8)]
    [DataRow(6, 16)]
    public void Decodes_every_form_filter_and_size(int colorType, int depth)
    {
        var random = new Random(colorType + depth);
        byte[] palette = new byte[3 << Math.Min(depth, 8)];
        random.NextBytes(palette);
        foreach ((int width, int height) in ((int, int)[])[(1, 1), (3, 2), (8, 8), (13, 11), (33, 17)])
        {
            foreach (bool interlaced in (bool[])[false, true])
            {
                int[] stored = [.. Enumerable.Range(0, width * height * 4).Select(_ => random.Next(1 << depth))];
                int Sample(int x, int y, int c) => stored[(((y * width) + x) * 4) + c];
                byte[] file = PngWriter.Write(
                    width, height, depth, colorType, interlaced, Sample, AllFilters, colorType == 3 ? palette : null);

                byte[] expected = [.. Enumerable.Range(0, width * height).SelectMany(i => Pixel(i % width, i / width, Sample))];
                CollectionAssert.AreEqual(expected, PngImage.Decode(file, out PngHeader header), $"{width}×{height} {interlaced}");
                Assert.AreEqual((width, height), (header.Width, header.Height));
            }
        }

        IEnumerable<byte> Pixel(int x, int y, Func<int, int, int, int> sample) => colorType == 3
            ? palette.Skip(3 * sample(x, y, 0)).Take(3)
            : Enumerable.Range(0, colorType is 2 or 6 ? 3 : 1)
                .Select(c => (byte)Math.Round(sample(x, y, c) * 255.0 / ((1 << depth) - 1), MidpointRounding.AwayFromZero));
    }

    [TestMethod]
    public void A_truncated_image_is_refused()
    {
        byte[] whole = PngWriter.Write(9, 7, 2, (x, y, c) => (x * y) + c);
        for (int length = 0; length < whole.Length; length++)
            Assert.ThrowsExactly<InvalidDataException>(() => PngImage.Decode(whole.AsSpan(0, length), out _), $"{length} bytes");
    }

    [TestMethod]
    public void Any_changed_byte_is_noticed()
    {
        byte[] whole = PngWriter.Write(9, 7, 2, (x, y, c) => (x * y) + c);
        for (int i = 0; i < whole.Length; i++)
        {
            byte[] changed = [.. whole];
            changed[i] ^= 0x21;
            Assert.ThrowsExactly<InvalidDataException>(() => PngImage.Decode(changed, out _), $"byte {i}");
        }
    }

    [TestMethod]
    public void Hostile_content_with_good_checksums_is_refused()
    {
        byte[] header = PngWriter.Write(4, 4, 0, (_, _, _) => 0)[..8];
        byte[] Ihdr(int size, byte depth, byte type) =>
            PngWriter.Chunk("IHDR", [0, 0, (byte)(size >> 8), (byte)size, 0, 0, (byte)(size >> 8), (byte)size, depth, type, 0, 0, 0]);
        byte[] end = PngWriter.Chunk("IEND", []);
        byte[] nothing = PngWriter.Chunk("IDAT", [0x78, 0x9C, 3, 0, 0, 0, 0, 1]);

        Refused("claims 65535×65535", Ihdr(65535, 16, 6), nothing);
        Refused("truncated", Ihdr(4, 8, 0), nothing);
        Refused("claims", Ihdr(60, 16, 6));
        Refused("header", Ihdr(0, 8, 0), nothing);
        Refused("header", Ihdr(4, 3, 0), nothing);
        Refused("header", Ihdr(4, 16, 3), nothing);
        Refused("header", Ihdr(4, 8, 5), nothing);
        Refused("palette", Ihdr(4, 8, 3), nothing);
        Refused("critical", Ihdr(4, 8, 0), PngWriter.Chunk("ABCD", []));
        Refused("header", PngWriter.Chunk("IDAT", []));

        byte[] beyond = PngWriter.Write(2, 2, 8, 3, false, (_, _, _) => 9, [0], [1, 2, 3]);
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => PngImage.Decode(beyond, out _)).Message, "palette");
        byte[] filter = PngWriter.Write(2, 2, 8, 0, false, (_, _, _) => 9, [5]);
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => PngImage.Decode(filter, out _)).Message, "filter 5");

        void Refused(string reason, params byte[][] chunks)
        {
            byte[] file = [.. header, .. chunks.SelectMany(chunk => chunk), .. end];
            StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => PngImage.Decode(file, out _)).Message, reason);
        }
    }
}
