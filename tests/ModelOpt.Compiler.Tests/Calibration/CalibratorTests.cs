using System.Runtime.InteropServices;
using ModelOpt.Compiler.Calibration;
using ModelOpt.Compiler.Tests.Data;

namespace ModelOpt.Compiler.Tests.Calibration;

[TestClass]
internal sealed class CalibratorTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [TestMethod]
    public void Statistics_are_those_of_all_samples()
    {
        Graph graph = Doubled();
        using var calibrator = new Calibrator(graph, Context(10, Data("a.npy", [1, -2, 3, 0, 0, 8])));
        Dictionary<Value, ActivationStatistics> statistics = calibrator.Observe([graph.Inputs[0], graph.Outputs[0]]);
        Assert.AreEqual(new ValueRange(-2, 8), RangeEstimator.Estimate(statistics[graph.Inputs[0]], CalibrationMethod.MinMax));
        Assert.AreEqual(new ValueRange(-4, 16), RangeEstimator.Estimate(statistics[graph.Outputs[0]], CalibrationMethod.MinMax));
    }

    [TestMethod]
    public void Fewer_samples_are_spread_over_the_data()
    {
        Graph graph = Doubled();
        float[] data = [.. Enumerable.Range(0, 20).Select(i => (float)i)];
        using var calibrator = new Calibrator(graph, Context(5, Data("a.npy", data)));
        List<float> seen = [];
        calibrator.Run(graph.Outputs, 5, "test", (_, tensor) => seen.Add(tensor.Span<float>()[0]));
        CollectionAssert.AreEqual(new float[] { 0, 8, 16, 24, 32 }, seen);
        CollectionAssert.AreEqual(new float[] { 0, 1, 10, 11 },
            calibrator.Spread(2, long.MaxValue).SelectMany(s => s.Single().Span<float>().ToArray()).ToArray());
        // A sample is 8 bytes here.
        Assert.HasCount(3, calibrator.Spread(5, 3 * 8));
        Assert.HasCount(1, calibrator.Spread(5, 1));
    }

    [TestMethod]
    public void Samples_of_a_fixed_batch_stay_apart()
    {
        var g = new TestGraph();
        g.Output(g.Add("Relu", g.Input("x", 1, 2)));
        using var calibrator = new Calibrator(g.Build(), Context(5, Data("a.npy", [1, 2, 3, 4])));
        Assert.AreEqual("Float32[1, 2] Float32[1, 2]",
            string.Join(' ', calibrator.Spread(2, long.MaxValue).Select(s => s.Single())));
    }

    [TestMethod]
    public void A_value_that_is_not_finite_names_sample_and_layer()
    {
        var g = new TestGraph();
        Value x = g.Input("x", -1, 2);
        Value log = g.Output(g.Add("Div", x, x));
        Graph graph = g.Build();
        using var calibrator = new Calibrator(graph, Context(5, Data("a.npy", [1, 2, 3, 0])));
        Diagnostic diagnostic = Assert.ThrowsExactly<CompilationException>(() => calibrator.Observe([log])).Diagnostic;
        Assert.AreEqual(("MOPT4011", "Div"), (diagnostic.Descriptor.Code, diagnostic.Layer));
        StringAssert.Contains(diagnostic.Message, "sample 1 ");
    }

    /// <summary>A small archive may hold very many samples.</summary>
    [TestMethod]
    public void Memory_does_not_grow_with_the_number_of_samples()
    {
        const int samples = 50_000_000;
        string path = _folder["many.npy.gz"];
        using (var file = new System.IO.Compression.GZipStream(File.Create(path), System.IO.Compression.CompressionLevel.Fastest))
        {
            file.Write(DataTesting.Npy("|u1", $"{samples}, 1", []));
            byte[] part = new byte[1 << 16];
            for (int left = samples; left > 0; left -= part.Length) file.Write(part.AsSpan(0, Math.Min(part.Length, left)));
        }

        var g = new TestGraph();
        g.Output(g.Add("Relu", g.Input("x", -1, 1)));
        Graph graph = g.Build();
        long before = GC.GetAllocatedBytesForCurrentThread();
        using var calibrator = new Calibrator(graph, Context(4, path));
        Assert.AreEqual(4, calibrator.Count);
        Assert.AreEqual(0f, calibrator.Sample(3, 4)[0].Span<float>()[0]);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.IsTrue(allocated < 1 << 20, $"{allocated} bytes were allocated");
    }

    [TestMethod]
    public void Every_input_needs_data_and_all_the_same_number()
    {
        var g = new TestGraph();
        g.Output(g.Add("Add", g.Input("a", -1, 2), g.Input("b", -1, 2)));
        Graph graph = g.Build();
        string one = Data("1.npy", [1, 2]), two = Data("2.npy", [1, 2, 3, 4]);
        Assert.AreEqual("MOPT4013", Code(graph, one));
        Assert.AreEqual("MOPT4013", Code(graph, one, one, one));
        Assert.AreEqual("MOPT4014", Code(graph, one, two));
        Assert.IsNull(Code(graph, two, two));
    }

    private static string? Code(Graph graph, params string[] data)
    {
        try
        {
            using var calibrator = new Calibrator(graph, Context(5, data));
            return null;
        }
        catch (CompilationException e)
        {
            return e.Diagnostic.Descriptor.Code;
        }
    }

    private static PassContext Context(int samples, params string[] data) =>
        new(new CompileOptions { CalibrationData = data, CalibrationSamples = samples }, new Recipe(), new DiagnosticList());

    private string Data(string name, float[] values) => _folder.Write(
        name, DataTesting.Npy("<f4", $"{values.Length / 2}, 2", MemoryMarshal.AsBytes(values.AsSpan())));

    private static Graph Doubled()
    {
        var g = new TestGraph();
        Value x = g.Input("x", -1, 2);
        g.Output(g.Add("Add", x, x));
        return g.Build();
    }
}
