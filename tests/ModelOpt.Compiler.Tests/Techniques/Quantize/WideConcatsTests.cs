using System.Text.Json;
using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Techniques.Quantize;

namespace ModelOpt.Compiler.Tests.Techniques.Quantize;

[TestClass]
internal sealed class WideConcatsTests
{
    private const string Named = "MOPT4020";

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Scores_beside_coordinates_survive(bool transposed)
    {
        Graph graph = Detector(640, y => transposed ? g => g.Add("Transpose", [y], ("perm", new[] { 0, 2, 3, 1 })) : null).Build();
        (CompiledModel model, DiagnosticList diagnostics) = Compile(graph);
        Assert.DoesNotContain(d => d.Descriptor.Code == Named, diagnostics.Diagnostics);
        Tensor x = TestGraph.RandomTensor(7, 1, 3, 6, 6), exact = new Interpreter(graph).Run(x)[0];
        foreach (Tensor result in new[]
        {
            TfliteRunner.Run(model.Tflite, x)[0], TfliteRunner.RunLiteRt(model.Tflite, x)[0],
            GraphTesting.RunPeer(model.Onnx, new Dictionary<string, Tensor> { ["x"] = x })[0],
        })
        {
            Assert.IsGreaterThan(30, QuantizeTesting.Sqnr(exact, result));
            Assert.IsGreaterThan(30, QuantizeTesting.Sqnr(Scores(exact), Scores(result)), "scores");
        }

        Tensor Scores(Tensor all) => Tensor.Vector<float>([.. all.Span<float>().ToArray().Where((_, i) =>
            transposed ? i % 7 >= 4 : i >= 4 * 36)]);
    }

    [TestMethod]
    public void The_report_says_why_and_compares_weights_with_what_equalization_made_of_them()
    {
        (CompiledModel model, _) = Compile(Detector(640).Build());
        using JsonDocument report = JsonDocument.Parse(model.Report.ToJson());
        var layers = report.RootElement.GetProperty("layers").EnumerateArray().ToDictionary(l => l.GetProperty("name").GetString()!);
        Assert.AreEqual(WideConcats.Reason, layers["Concat"].GetProperty("reason").GetString());
        foreach (string conv in new[] { "Conv", "Conv_1", "Conv_2" })
            Assert.IsGreaterThan(38, layers[conv].GetProperty("weightSqnr").GetDouble(), conv);
    }

    [TestMethod]
    public void What_computes_from_such_a_Concat_is_in_float_too()
    {
        TestGraph g = Detector(640, y => g => g.Add("Relu", g.Add("Sub", y, g.Scalar(0.1f))));
        Graph graph = g.Build();
        (CompiledModel model, _) = Compile(graph);
        Graph written = OnnxReader.Read(model.Onnx);
        Assert.IsTrue(written.Nodes.Where(n => n.Type is "Concat" or "Sub" or "Relu")
            .All(n => n.Output.Quantization is null || n.Output.Consumers.Count == 2));
        Assert.IsNull(written.Outputs[0].Quantization);
    }

    [TestMethod]
    public void A_layer_that_multiplies_them_by_weights_is_named()
    {
        TestGraph g = Detector(640, y => g => g.Add("Conv", y, g.Random(9, 2, 7, 1, 1)));
        (CompiledModel _, DiagnosticList diagnostics) = Compile(g.Build());
        Diagnostic warning = diagnostics.Diagnostics.Single(d => d.Descriptor.Code == Named);
        Assert.AreEqual("Concat", warning.Layer);
        StringAssert.Contains(warning.Message, "Conv_3");
    }

    [TestMethod]
    [DataRow(0f, true)]
    [DataRow(2f, true)]
    [DataRow(400f, false)]
    [DataRow(-400f, false)]
    public void A_Pad_with_a_number_far_away_is_in_float(float number, bool isInt8)
    {
        var g = new TestGraph();
        Value y = g.Add("Conv", g.Input("x", 1, 3, 6, 6), g.Random(1, 4, 3, 3, 3));
        g.Output(g.Add("Pad", y, g.Longs(0, 0, 1, 1, 0, 0, 1, 1), g.Scalar(number)));
        Graph graph = g.Build();
        (CompiledModel model, _) = Compile(graph);
        Graph written = OnnxReader.Read(model.Onnx);
        Assert.AreEqual(isInt8, written.Outputs[0].Quantization is not null);
        Assert.IsLessThan(0.1f, written.Nodes.Single(n => n.Type == "Conv").Output.Quantization!.Scale);
    }

    [TestMethod]
    [DataRow(10f)]
    [DataRow(0f)]
    public void Ranges_that_are_near_or_nothing_share_a_grid(float scale)
    {
        Graph graph = Detector(scale).Build();
        (CompiledModel model, _) = Compile(graph);
        Assert.IsNotNull(OnnxReader.Read(model.Onnx).Outputs[0].Quantization);
    }

    private static TestGraph Detector(float scale, Func<Value, Func<TestGraph, Value>?>? last = null)
    {
        var g = new TestGraph();
        Value x = g.Add("Relu", g.Add(
            "Conv", [g.Input("x", 1, 3, 6, 6), g.Random(1, 8, 3, 3, 3), g.Random(2, 8)], ("pads", new[] { 1, 1, 1, 1 })));
        Value boxes = g.Add("Mul", g.Add("Sigmoid", g.Add("Conv", x, g.Random(3, 4, 8, 1, 1), g.Random(4, 4))), g.Scalar(scale));
        Value scores = g.Add("Sigmoid", g.Add("Conv", x, g.Random(5, 3, 8, 1, 1), g.Random(6, 3)));
        Value y = g.Add("Concat", [boxes, scores], ("axis", 1));
        g.Output(last?.Invoke(y) is { } more ? more(g) : y);
        return g;
    }

    private static (CompiledModel Model, DiagnosticList Diagnostics) Compile(Graph graph)
    {
        using var folder = new TempFolder();
        var diagnostics = new DiagnosticList();
        CompileOptions options = folder.Calibrated(graph).Options;
        return (ModelCompiler.Compile(folder.Write("model.onnx", OnnxWriter.Write(graph)), options, diagnostics), diagnostics);
    }
}
