namespace ModelOpt.Runtime.Tests;

[TestClass]
internal sealed class RgbaImageTests
{
    [TestMethod]
    public void The_same_size_gives_the_same_pixels()
    {
        byte[] rgba = new byte[4 * 7 * 5], rgb = new byte[3 * 7 * 5], same = new byte[4 * 7 * 5];
        new Random(1).NextBytes(rgba);
        RgbaImage.Resize(rgba, 7, 5, ImageFit.Cover, rgb, 7, 5);
        CollectionAssert.AreEqual(rgba.Chunk(4).SelectMany(p => p[..3]).ToArray(), rgb);
        RgbaImage.Resize(rgba, 7, 5, ImageFit.Stretch, same, 7, 5, 4);
        CollectionAssert.AreEqual(rgba, same);
    }

    // Made with Pillow's Image.resize(…, BILINEAR), which averages likewise; it rounds weights and rows to 8 bits.
    [TestMethod]
    public void Smaller_and_larger_images_are_those_of_Pillow()
    {
        byte[] gray = [.. Enumerable.Range(0, 8 * 6).Select(i => (byte)(i * i * 7 % 251))];
        byte[] rgba = [.. gray.SelectMany(v => (byte[])[v, v, v, 255])];
        Same(
            [
                73, 86, 105,
                103, 98, 94,
            ], 3, 2);
        Same(
            [
                0, 4, 14, 30, 55, 88, 126, 172, 56, 38, 92,
                155, 94, 87, 158, 105, 57, 62, 171, 120, 84, 74,
                93, 57, 47, 75, 52, 36, 46, 108, 119, 132, 146,
                26, 47, 78, 109, 64, 89, 121, 96, 81, 124, 195,
                60, 85, 121, 155, 89, 110, 138, 93, 56, 92, 167,
                143, 130, 101, 58, 61, 73, 77, 62, 57, 79, 115,
                156, 194, 166, 53, 121, 196, 219, 125, 40, 64, 152,
            ], 11, 7);

        void Same(byte[] expected, int width, int height)
        {
            byte[] made = new byte[width * height];
            RgbaImage.Resize(rgba, 8, 6, ImageFit.Stretch, made, width, height, 1);
            for (int i = 0; i < made.Length; i++) Assert.AreEqual(expected[i], made[i], 1.0, $"pixel {i}");
        }
    }

    [TestMethod]
    public void Cover_cuts_both_sides_and_contain_leaves_them_black()
    {
        // Columns of 10, 20, … 80.
        byte[] rgba = [.. Enumerable.Range(0, 8 * 4).SelectMany(i => Enumerable.Repeat((byte)(10 * ((i % 8) + 1)), 4))];
        byte[] cover = new byte[4 * 4], contain = new byte[8 * 8];
        RgbaImage.Resize(rgba, 8, 4, ImageFit.Cover, cover, 4, 4, 1);
        CollectionAssert.AreEqual((byte[])[30, 40, 50, 60, 30, 40, 50, 60, 30, 40, 50, 60, 30, 40, 50, 60], cover);
        RgbaImage.Resize(rgba, 8, 4, ImageFit.Contain, contain, 8, 8, 1);
        byte[] row = [10, 20, 30, 40, 50, 60, 70, 80], black = new byte[8];
        CollectionAssert.AreEqual((byte[])[.. black, .. black, .. row, .. row, .. row, .. row, .. black, .. black], contain);
    }

    [TestMethod]
    public void Any_sizes_give_an_image()
    {
        var random = new Random(2);
        for (int i = 0; i < 500; i++)
        {
            int width = random.Next(1, i % 5 == 0 ? 900 : 20), height = random.Next(1, 20), w = random.Next(1, 30), h = random.Next(1, 30);
            byte[] rgba = new byte[4 * width * height], made = new byte[w * h * 3];
            rgba.AsSpan().Fill(77);
            RgbaImage.Resize(rgba, width, height, (ImageFit)(i % 3), made, w, h);
            Assert.IsTrue(made.All(v => v == 77 || (i % 3 == (int)ImageFit.Contain && v == 0)), $"{width} × {height} to {w} × {h}");
            Assert.IsTrue(made.Contains((byte)77));
        }
    }

    [TestMethod]
    public void Sizes_that_do_not_fit_are_refused()
    {
        byte[] rgba = new byte[4 * 6], rgb = new byte[3 * 4];
        Assert.ThrowsExactly<ArgumentException>(() => RgbaImage.Resize(rgba, 2, 2, ImageFit.Cover, rgb, 2, 2));
        Assert.ThrowsExactly<ArgumentException>(() => RgbaImage.Resize(rgba, 3, 2, ImageFit.Cover, rgb, 3, 2));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => RgbaImage.Resize([], 0, 2, ImageFit.Cover, rgb, 2, 2));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => RgbaImage.Resize(rgba, 3, 2, ImageFit.Cover, rgb, 6, 1, 2));
        Assert.ThrowsExactly<ArgumentException>(() => RgbaImage.Resize(rgba, int.MaxValue, int.MaxValue, ImageFit.Cover, rgb, 2, 2));
    }
}
