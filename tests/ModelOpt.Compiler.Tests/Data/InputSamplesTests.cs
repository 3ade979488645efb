using System.Runtime.InteropServices;
using ModelOpt.Compiler.Data;

namespace ModelOpt.Compiler.Tests.Data;

[TestClass]
internal sealed class InputSamplesTests
{
    private static readonly Dim Open = new(-1, "N");

    [TestMethod]
    public void Images_of_bytes_become_normalized_NCHW()
    {
        // Two pixels beside each other, channels 1 2 3 and 4 5 6.
        float[] nchw = Read("|u1", "1, 1, 2, 3", new byte[] { 1, 2, 3, 4, 5, 6 }, [Open, 3, 1, 2], [1, 2, 3], [1, 2, 4]);
        CollectionAssert.AreEqual(new[] { 0, 3, 0, 1.5f, 0, 0.75f }, nchw);
    }

    [TestMethod]
    public void The_axis_order_is_what_fits_or_what_is_said()
    {
        float[] counting = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17];
        float[] transposed = [0, 3, 6, 9, 12, 15, 1, 4, 7, 10, 13, 16, 2, 5, 8, 11, 14, 17];
        float[] back = [0, 6, 12, 1, 7, 13, 2, 8, 14, 3, 9, 15, 4, 10, 16, 5, 11, 17];
        CollectionAssert.AreEqual(counting, Read("<f4", "1, 3, 2, 3", counting, [Open, 3, 2, 3]), "same order");
        CollectionAssert.AreEqual(transposed, Read("<f4", "1, 2, 3, 3", counting, [Open, 3, 2, 3]), "NHWC to NCHW");
        CollectionAssert.AreEqual(back, Read("<f4", "1, 3, 6, 1", counting, [Open, 6, 1, 3]), "NCHW to NHWC");
        CollectionAssert.AreEqual(counting, Read("<f4", "1, 18", counting, [1, 3, 2, 3]), "flat, as the input");
        CollectionAssert.AreEqual(
            transposed, Read("<f4", "1, 18", counting, [1, 3, 2, 3], layout: DataLayout.Nhwc), "flat, said to be NHWC");

        float[] cube = [.. Enumerable.Range(0, 27).Select(i => (float)i)];
        byte[] bytes = [.. cube.Select(x => (byte)x)];
        Assert.AreEqual(3f, Read("|u1", "1, 3, 3, 3", bytes, [Open, 3, 3, 3])[1], "bytes that fit both are NHWC");
        Assert.AreEqual(1f, Read("<f4", "1, 3, 3, 3", cube, [Open, 3, 3, 3])[1], "floats that fit both are as the input");
        Assert.AreEqual(1f, Read("|u1", "1, 3, 3, 3", bytes, [Open, 3, 3, 3], layout: DataLayout.Nchw)[1], "NCHW as said");
        Assert.AreEqual(3f, Read("<f4", "1, 3, 3, 3", cube, [Open, 3, 3, 3], layout: DataLayout.Nhwc)[1], "NHWC as said");
    }

    [TestMethod]
    [DataRow("1, 5, 5")]
    [DataRow("1, 1, 5, 5")]
    [DataRow("1, 5, 5, 1")]
    [DataRow("1, 1, 1, 5, 5")]
    [DataRow("1, 25")]
    public void Sizes_of_one_are_of_no_account(string shape)
    {
        byte[] data = [.. Enumerable.Range(0, 25).Select(i => (byte)i)];
        float[] expected = [.. data.Select(x => x / 255f)];
        CollectionAssert.AreEqual(expected, Read("|u1", shape, data, [1, 1, 5, 5], [], [255]));
        CollectionAssert.AreEqual(expected, Read("|u1", shape, data, [Open, 5, 5, 1], [], [255]));
        CollectionAssert.AreEqual(expected, Read("|u1", shape, data, [Open, 25], [], [255]));
    }

    [TestMethod]
    public void Inputs_without_a_batch_take_the_whole_sample()
    {
        float[] state = [1, 2, 3, 4, 5, 6];
        CollectionAssert.AreEqual(state, Read("<f4", "1, 2, 1, 3", state, [2, 1, 3]));
    }

    [TestMethod]
    public void Integers_stay_integers()
    {
        using InputSamples samples = OpenSamples(
            "<i4", "2, 2", new[] { 1, -2, 300, 4 }, new TensorSignature("ids", ElementType.Int64, new Shape(Open, 2)));
        CollectionAssert.AreEqual(new long[] { 300, 4 }, samples.Read(1).Span<long>().ToArray());

        using InputSamples narrow = OpenSamples(
            "<i4", "2, 2", new[] { 1, -2, 300, 4 }, new TensorSignature("ids", ElementType.Int8, new Shape(Open, 2)));
        CollectionAssert.AreEqual(new sbyte[] { 1, -2 }, narrow.Read(0).Span<sbyte>().ToArray());
        string diagnostic = DataTesting.DiagnosticOf(() => narrow.Read(1));
        StringAssert.StartsWith(diagnostic, "MOPT3008: sample 1 holds 300 at element 0, which is not Int8.");
    }

    [TestMethod]
    public void A_sample_that_is_not_finite_is_named()
    {
        foreach (float bad in (float[])[float.NaN, float.PositiveInfinity, float.NegativeInfinity])
        {
            using InputSamples samples = OpenSamples("<f4", "2, 2", new[] { 1, 2, 3, bad }, Float(Open, 2));
            samples.Read(0);
            string diagnostic = DataTesting.DiagnosticOf(() => samples.Read(1));
            StringAssert.StartsWith(diagnostic, "MOPT3008: sample 1 holds ");
            StringAssert.Contains(diagnostic, "at element 1");
        }
    }

    [TestMethod]
    public void What_does_not_fit_the_input_is_refused()
    {
        float[] data = new float[24];
        Refused("MOPT3006", "[4, 3] do not fit input 'x', which takes [N, 5]", "2, 4, 3", Float(Open, 5));
        Refused("MOPT3006", "[4, 3]", "2, 4, 3", Float(Open, 3, 4));
        Refused("MOPT3006", "[2, 2, 3]", "2, 2, 2, 3", Float(Open, 12));
        Refused("MOPT3006", "[8, 3, 32, 32]", "2, 4, 3", Float(8, 3, 32, 32));
        Refused("MOPT3006", "[N, 2, H, W]", "2, 4, 3", Float(Open, 2, new Dim(-1, "H"), new Dim(-1, "W")));
        Refused("MOPT3006", "[2, 3, 1]", "4, 2, 3, 1", Float(Open, 1, 3, 2));
        Refused("MOPT3007", "Float32", "2, 12", new TensorSignature("x", ElementType.Int64, new Shape(Open, 12)));
        Refused("MOPT3009", "mean has 2 values", "2, 4, 1, 3", Float(Open, 3, 4, 1), [1, 2], []);
        Refused("MOPT3009", "has 3 channels", "2, 4, 1, 3", Float(Open, 3, 4, 1), [], [1, 2, 3, 4]);
        Refused("MOPT3009", "positive", "2, 12", Float(Open, 12), [], [0]);
        Refused("MOPT3009", "finite", "2, 12", Float(Open, 12), [float.NaN], []);

        void Refused(
            string code, string reason, string shape, TensorSignature input, float[]? mean = null, float[]? std = null)
        {
            string diagnostic = DataTesting.DiagnosticOf(() => OpenSamples("<f4", shape, data, input, mean, std).Dispose());
            StringAssert.StartsWith(diagnostic, code);
            StringAssert.Contains(diagnostic, reason);
        }
    }

    private static TensorSignature Float(params Dim[] dims) => new("x", ElementType.Float32, new Shape(dims));

    private static float[] Read<T>(
        string descr, string shape, T[] data, Dim[] input, float[]? mean = null, float[]? std = null,
        DataLayout layout = DataLayout.Auto) where T : unmanaged
    {
        using InputSamples samples = OpenSamples(descr, shape, data, Float(input), mean, std, layout);
        Tensor sample = samples.Read(0);
        CollectionAssert.AreEqual(
            Array.ConvertAll(input, dim => dim.IsKnown ? (int)dim.Size : 1), sample.Dims.ToArray(), "the tensor's shape");
        return sample.Span<float>().ToArray();
    }

    private static InputSamples OpenSamples<T>(
        string descr, string shape, T[] data, TensorSignature input, float[]? mean = null, float[]? std = null,
        DataLayout layout = DataLayout.Auto) where T : unmanaged
    {
        // Opened files can be deleted on Unix; on Windows the folder stays until the test host ends.
        var folder = new TempFolder();
        try
        {
            string path = folder.Write("x.npy", DataTesting.Npy(descr, shape, MemoryMarshal.AsBytes(data.AsSpan())));
            return InputSamples.Open([path], input, new SampleFormat(mean ?? [], std ?? [], layout));
        }
        finally
        {
            folder.Dispose();
        }
    }
}
