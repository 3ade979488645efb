using ModelOpt.Compiler.Data;

namespace ModelOpt.Compiler.Tests.Data;

[TestClass]
internal sealed class ImageFolderSourceTests
{
    [TestMethod]
    public void Images_come_in_ordinal_order_with_a_class_per_subfolder()
    {
        using var folder = new TempFolder();
        foreach ((string name, int value) in ((string, int)[])[("b/1.png", 3), ("B/9.PNG", 1), ("b/0.png", 2), ("c/1.png", 4)])
            folder.Write(name, PngWriter.Write(2, 3, 0, (_, _, _) => value));
        folder.Write("b/notes.txt", "not an image"u8);
        folder.Write(".hidden/1.png", "not an image"u8);

        using SampleSource source = SampleSource.Open(folder.Path);
        Assert.AreEqual(4, source.Count);
        Assert.AreEqual(ElementType.UInt8, source.Type);
        CollectionAssert.AreEqual(new[] { 3, 2, 1 }, source.SampleShape.ToArray());
        for (int i = 0; i < 4; i++)
            CollectionAssert.AreEqual(Enumerable.Repeat((byte)(i + 1), 6).ToArray(), source.Read(i).Span<byte>().ToArray());
        CollectionAssert.AreEqual(new[] { 0, 1, 1, 2 }, LabelSource.Read(folder.Path));
    }

    [TestMethod]
    public void Grey_images_among_coloured_ones_become_RGB()
    {
        using var folder = new TempFolder();
        folder.Write("1.png", PngWriter.Write(1, 2, 0, (_, y, _) => y + 7));
        folder.Write("2.png", PngWriter.Write(1, 2, 6, (_, y, c) => (10 * y) + c));
        using SampleSource source = SampleSource.Open(folder.Path);
        CollectionAssert.AreEqual(new[] { 2, 1, 3 }, source.SampleShape.ToArray());
        CollectionAssert.AreEqual(new byte[] { 7, 7, 7, 8, 8, 8 }, source.Read(0).Span<byte>().ToArray());
        CollectionAssert.AreEqual(new byte[] { 0, 1, 2, 10, 11, 12 }, source.Read(1).Span<byte>().ToArray());
        StringAssert.Contains(DataTesting.DiagnosticOf(() => LabelSource.Read(folder.Path)), "1.png is not in a subfolder");
    }

    [TestMethod]
    public void An_unusable_folder_is_refused_and_the_image_named()
    {
        using var folder = new TempFolder();
        Assert.AreEqual("MOPT3005", DataTesting.CodeOf(folder.Path));
        byte[] image = PngWriter.Write(2, 2, 0, (_, _, _) => 0);
        folder.Write("1.png", image);
        folder.Write("2.png", image.AsSpan(0, 20));
        StringAssert.StartsWith(DataTesting.DiagnosticOf(() => SampleSource.Open(folder.Path)), "MOPT3003");
        folder.Write("2.png", image.AsSpan(0, 50));
        using SampleSource source = SampleSource.Open(folder.Path);
        StringAssert.StartsWith(DataTesting.DiagnosticOf(() => source.Read(1)), "MOPT3003");
    }
}
