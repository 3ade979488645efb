using ModelOpt.Compiler.Data;
using ModelOpt.Compiler.Tests.Images;
using ModelOpt.Runtime;

namespace ModelOpt.Compiler.Tests.Data;

[TestClass]
internal sealed class FittedImagesTests
{
    private static readonly TensorSignature Input = new("x", ElementType.Float32, new Shape(Dim.Named("N"), 3, 4, 6));

    [TestMethod]
    [DataRow(ImageFit.Cover)]
    [DataRow(ImageFit.Contain)]
    [DataRow(ImageFit.Stretch)]
    public void Images_of_any_size_are_resized_as_the_class_does(ImageFit fit)
    {
        using var folder = new TempFolder();
        byte[] jpeg = ImageDecoderTests.Jpeg(31, 17);
        folder.Write("1.jpg", jpeg);
        folder.Write("2.png", PngWriter.Write(9, 9, 2, (x, y, c) => (20 * x) + (3 * y) + c));
        folder.Write("3.png", PngWriter.Write(6, 4, 0, (x, y, _) => (20 * x) + y));
        using InputSamples samples = InputSamples.Open([folder.Path], Input, new([], [], DataLayout.Auto, fit));
        Assert.AreEqual(3, samples.Count);
        Assert.IsTrue(samples.IsOfOneSize);

        // A decoder that was not written here, and the runtime's way to the model.
        var picture = StbImageSharp.ImageResult.FromMemory(jpeg, StbImageSharp.ColorComponents.RedGreenBlueAlpha);
        byte[] expected = new byte[4 * 6 * 3];
        RgbaImage.Resize(picture.Data, 31, 17, fit, expected, 6, 4);
        Tensor actual = samples.Read(0);
        CollectionAssert.AreEqual(new[] { 1, 3, 4, 6 }, actual.Dims.ToArray());
        for (int i = 0; i < expected.Length; i++)
            Assert.AreEqual(expected[i], actual.Span<float>()[(i % 3 * 24) + (i / 3)], 4, $"{i}");

        // What has the size stays as it is, grey three times.
        for (int i = 0; i < 72; i++) Assert.AreEqual((20 * (i % 24 % 6)) + (i % 24 / 6), samples.Read(2).Span<float>()[i]);
    }

    [TestMethod]
    public void Colour_becomes_grey_where_the_model_takes_it()
    {
        using var folder = new TempFolder();
        folder.Write("1.png", PngWriter.Write(5, 5, 2, (_, _, c) => c == 1 ? 200 : 0));
        using InputSamples samples = InputSamples.Open(
            [folder.Path], new("x", ElementType.Float32, new Shape(Dim.Named("N"), 1, 2, 2)), SampleFormat.Default);
        // Green weighs .587 (ITU-R BT.601).
        foreach (float pixel in samples.Read(0).Span<float>()) Assert.AreEqual(117, pixel);
    }

    [TestMethod]
    public void Damaged_images_are_named()
    {
        using var folder = new TempFolder();
        byte[] jpeg = ImageDecoderTests.Jpeg(31, 17);
        folder.Write("good.jpg", jpeg);
        string bad = folder.Write("truncated.jpg", jpeg.AsSpan(0, jpeg.Length - 40));
        using InputSamples samples = InputSamples.Open([folder.Path], Input, SampleFormat.Default);
        samples.Read(0);
        Diagnostic diagnostic = Assert.ThrowsExactly<CompilationException>(() => samples.Read(1)).Diagnostic;
        Assert.AreEqual(("MOPT3003", bad), (diagnostic.Descriptor.Code, diagnostic.File));

        bad = folder.Write("zero.webp", new byte[400]);
        diagnostic = Assert.ThrowsExactly<CompilationException>(() => SampleSource.Open(folder.Path)).Diagnostic;
        Assert.AreEqual(("MOPT3003", bad), (diagnostic.Descriptor.Code, diagnostic.File));
    }

    [TestMethod]
    public void Patterns_take_what_matches_in_order()
    {
        using var folder = new TempFolder();
        foreach (string name in (string[])["b/2.png", "b/c/1.png", "a/3.png", "a/4.jpg", ".git/5.png"])
            folder.Write(name, PngWriter.Write(6, 4, 0, (_, _, _) => name[^5] - '0'));
        Assert.AreEqual("3 2 1", Read("**/*.png"));
        Assert.AreEqual("3", Read("a/?.png"));
        Assert.AreEqual("2", Read("b/*.png"));
        StringAssert.StartsWith(DataTesting.DiagnosticOf(() => Read("*.webp")), "MOPT3005");
        StringAssert.StartsWith(DataTesting.DiagnosticOf(() => Read("no/*.webp")), "MOPT3005");

        string Read(string pattern)
        {
            using SampleSource source = SampleSource.Open(folder[pattern]);
            return string.Join(' ', Enumerable.Range(0, source.Count).Select(i => source.Read(i).Span<byte>()[0]));
        }
    }
}
