using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Onnx;

namespace ModelOpt.Compiler.Tests.Compile;

[TestClass]
internal sealed class OpenBatchTests
{
    [TestMethod]
    [DataRow(new long[] { 1, 12 }, "Reshape")]
    [DataRow(new long[] { 1, -1 }, "Gemm")]
    public void A_model_whose_Reshape_says_1_takes_one_sample(long[] target, string layer)
    {
        Graph graph = Model(target);
        var notes = new DiagnosticList();
        OpenBatch.Close(graph, notes);
        Assert.AreEqual(new Shape(1, 3, 2, 2), graph.Inputs[0].Shape);
        Assert.AreEqual($"MOPT2010 {layer}", string.Join(", ", notes.Diagnostics.Select(d => $"{d.Descriptor.Code} {d.Layer}")));
        ShapeInference.Run(graph);
        Assert.AreEqual(new Shape(1, 5), graph.Outputs[0].Shape);
    }

    [TestMethod]
    [DataRow(new long[] { -1, 12 })]
    [DataRow(new long[] { 0, -1 })]
    public void A_batch_that_may_be_any_stays_open(long[] target)
    {
        Graph graph = Model(target);
        var notes = new DiagnosticList();
        OpenBatch.Close(graph, notes);
        Assert.IsFalse(graph.Inputs[0].Shape![0].IsKnown);
        Assert.IsEmpty(notes.Diagnostics);
    }

    [TestMethod]
    public void What_is_written_for_known_shapes_takes_one_sample()
    {
        var g = new TestGraph();
        Value x = g.Input("x", -1, 5);
        g.Output(g.Add(
            "ScatterElements", [x, g.Constant(Tensor.Of<long>([1, 2], [3, 1])), g.Random(1, 1, 2)], ("axis", 1), ("reduction", "mul")));
        byte[] model = OnnxWriter.Write(g.Build());
        using var folder = new TempFolder();
        var notes = new DiagnosticList();
        var options = new CompileOptions { Quantization = QuantizationMode.None };
        byte[] file = ModelCompiler.Compile(folder.Write("model.onnx", model), options, notes).Tflite;
        Tensor sample = TestGraph.RandomTensor(7, 1, 5);
        GraphTesting.AssertClose(
            GraphTesting.RunPeer(model, new Dictionary<string, Tensor> { ["x"] = sample }), TfliteRunner.Run(file, sample));
        Assert.Contains("MOPT2010", notes.Diagnostics.Select(d => d.Descriptor.Code));
    }

    private static Graph Model(long[] target)
    {
        var g = new TestGraph();
        Value x = g.Add("Reshape", g.Add("Relu", g.Input("x", -1, 3, 2, 2)), g.Longs(target));
        g.Output(g.Add("Gemm", x, g.Random(1, 12, 5)));
        return g.Build();
    }
}
