using ModelOpt.Compiler.Data;
using ModelOpt.Compiler.Diagnostics;

namespace ModelOpt.Compiler.Tests.Data;

[TestClass]
internal sealed class SampleSizesTests
{
    private static readonly Dim N = new(-1, "N"), H = new(-1, "H"), W = new(-1, "W");

    [TestMethod]
    public void Images_of_different_sizes_fit_an_open_input()
    {
        using var folder = new TempFolder();
        folder.Write("1.png", PngWriter.Write(2, 3, 2, (x, y, c) => (10 * y) + (2 * x) + c));
        folder.Write("2.png", PngWriter.Write(4, 1, 0, (x, _, _) => x));
        using InputSamples samples = Open(folder.Path, [N, 3, H, W], [0, 1, 2]);
        Assert.IsFalse(samples.IsOfOneSize);
        CollectionAssert.AreEqual((int[])[1, 3, 3, 2], samples.Read(0).Dims.ToArray());
        CollectionAssert.AreEqual((int[])[1, 3, 1, 4], samples.Read(1).Dims.ToArray());
        CollectionAssert.AreEqual((float[])[0, 1, 2, 3, -1, 0, 1, 2, -2, -1, 0, 1], samples.Read(1).Span<float>().ToArray());
    }

    [TestMethod]
    public void A_fixed_input_takes_arrays_of_one_size()
    {
        using var folder = new TempFolder();
        folder.Write("1.npy", JoinedSourceTests.Counting(0, 1, 6));
        folder.Write("2.npy", JoinedSourceTests.Counting(0, 1, 4));
        string diagnostic = DataTesting.DiagnosticOf(() => Open(folder.Path, [N, 1, 3, 2]));
        StringAssert.StartsWith(diagnostic, "MOPT3012: the samples have 2 different shapes, of which [4] does not fit input 'x', ");
    }

    [TestMethod]
    public void Inputs_of_a_sample_agree_in_sizes_of_one_name()
    {
        using var folder = new TempFolder();
        string a = folder.Write("a.npy", JoinedSourceTests.Counting(0, 1, 2));
        string b = folder.Write("b.npy", JoinedSourceTests.Counting(0, 1, 3));
        Value[] inputs = [new("x", ElementType.Float32, null), new("y", ElementType.Float32, null)];
        Dictionary<string, Shape> open = new() { ["x"] = new(N, W), ["y"] = new(N, W) };
        Check([a, b], [a, b]);
        StringAssert.StartsWith(DataTesting.DiagnosticOf(() => Check([a, b], [b, a])),
            "MOPT3015: sample 0 of shape [1, 3] does not fit input 'y', which takes [N, W], beside the sizes of the other inputs.");
        // The same data of inputs whose sizes are two.
        open["y"] = new(N, H);
        Check([a, b], [b, a]);

        void Check(string[] x, string[] y)
        {
            using InputSamples first = InputSamples.Open(x, new("x", ElementType.Float32, open["x"]), SampleFormat.Default);
            using InputSamples second = InputSamples.Open(y, new("y", ElementType.Float32, open["y"]), SampleFormat.Default);
            SampleSizes.Check(inputs, open, [first, second]);
        }
    }

    [TestMethod]
    public void Several_files_are_those_of_the_only_input()
    {
        CollectionAssert.AreEqual((string[])["a", "b"], SampleSizes.Divide(["a", "b"], 1)!.Single().ToArray());
        Assert.HasCount(2, SampleSizes.Divide(["a", "b"], 2)!);
        Assert.IsNull(SampleSizes.Divide(["a", "b", "c"], 2));
        Assert.IsNull(SampleSizes.Divide([], 1));
    }

    private static InputSamples Open(string path, Dim[] dims, float[]? mean = null) => InputSamples.Open(
        [path], new("x", ElementType.Float32, new Shape(dims)), new SampleFormat(mean ?? [], [], DataLayout.Auto));
}
