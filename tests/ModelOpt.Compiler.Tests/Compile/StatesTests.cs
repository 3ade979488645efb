using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Tests.Data;

namespace ModelOpt.Compiler.Tests.Compile;

/// <summary>Recurrent models whose inputs take what their outputs gave in the call before.</summary>
[TestClass]
internal sealed class StatesTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [TestMethod]
    [DataRow("h:hn", "h>hn")]
    [DataRow(" h : hn ; c:0:cn:0 ", "h>hn c:0>cn:0")]
    public void The_ends_are_found_by_name(string text, string expected)
    {
        Graph graph = Model();
        States.Find(graph, Options(text));
        States.Check(graph);
        Assert.AreEqual(expected, string.Join(' ', graph.States.Select(s => $"{s.Input}>{s.Output}")));
        Assert.AreEqual(expected, string.Join(' ', graph.Clone().States.Select(s => $"{s.Input}>{s.Output}")));
    }

    [TestMethod]
    [DataRow("h:h_next", "the model has no output 'h_next' but 'hn', 'cn:0', 'y'")]
    [DataRow("state:hn", "the model has no input 'state' but 'x', 'h', 'c:0'")]
    [DataRow("h:hn;h:cn:0", "'h' has two outputs")]
    [DataRow("h:hn;c:0:hn", "'hn' has two inputs")]
    [DataRow("h:y", "'h' is Float32[1, 2], and 'y' is Float32[1, 3]")]
    [DataRow("h:hn;c:0:cn:0;x:y", "every input is a state")]
    public void What_does_not_fit_is_told(string text, string why)
    {
        Graph graph = Model();
        Diagnostic diagnostic = Assert.ThrowsExactly<CompilationException>(() =>
        {
            States.Find(graph, Options(text));
            States.Check(graph);
        }).Diagnostic;
        Assert.AreEqual("MOPT6021", diagnostic.Descriptor.Code);
        Assert.AreEqual($"State: {why}.", diagnostic.Message);
    }

    [TestMethod]
    [DataRow("h")]
    [DataRow(":hn")]
    [DataRow("h:")]
    public void What_is_no_pair_is_refused(string text) =>
        Assert.AreEqual("MOPT6002", Assert.ThrowsExactly<CompilationException>(() => Options(text)).Diagnostic.Descriptor.Code);

    [TestMethod]
    public void Open_sizes_of_a_state_are_one_conversation_s()
    {
        var g = new TestGraph();
        Value x = g.Input("x", -1, 2), h = g.Input("h", 2, -1, 2);
        g.Output(Named(g.Add("Add", h, x), "hn"));
        States.Find(g.Graph, Options("h:hn"));
        Assert.AreEqual(new Shape(2, 1, 2), h.Shape);
    }

    [TestMethod]
    public void A_name_that_counts_conversations_is_one_everywhere()
    {
        var g = new TestGraph();
        Dim batch = new(-1, "batch"), time = new(-1, "T");
        Value x = g.Input("x", 1, 1, 2), h = g.Input("h", 2, 1, 2);
        (x.Shape, h.Shape) = (new Shape(batch, time, 2), new Shape(2, batch, 2));
        g.Output(Named(g.Add("Identity", h), "hn"));
        States.Find(g.Graph, Options("h:hn"));
        Assert.AreEqual((new Shape(1, time, 2), new Shape(2, 1, 2)), (x.Shape, h.Shape));
    }

    /// <summary>Chunks of any length: the state goes from one to the next, as in ONNX Runtime.</summary>
    [TestMethod]
    public void Chunks_may_have_any_length()
    {
        var g = new TestGraph();
        Dim batch = new(-1, "batch"), time = new(-1, "T");
        Value x = g.Input("x", 1, 1, 3), h = g.Input("h", 1, 1, 4);
        (x.Shape, h.Shape) = (new Shape(batch, time, 3), new Shape(1, batch, 4));
        Value steps = g.Add("Transpose", [x], ("perm", (int[])[1, 0, 2]));
        Node gru = g.Node("GRU", [steps, g.Random(1, 1, 12, 3), g.Random(2, 1, 12, 4), null, null, h], 2, ("hidden_size", 4));
        g.Output(Named(gru.Outputs[1]!, "hn"));
        g.Output(Named(g.Add("MatMul", gru.Outputs[0]!, g.Random(3, 4, 2)), "y"));
        byte[] model = OnnxWriter.Write(g.Build());
        string file = _folder.Write("chunks.onnx", model);
        string[] data = [Samples("a.npy", 3, 5), Samples("b.npy", 2, 9)];
        foreach (CompileOptions options in (CompileOptions[])
            [Options("h:hn") with { Quantization = QuantizationMode.None }, Options("h:hn") with { CalibrationData = data }])
        {
            CompiledModel compiled = ModelCompiler.Compile(file, options, new DiagnosticList());
            byte[] peer = options.CalibrationData.Count == 0 ? model : compiled.Onnx;
            Tensor ours = Tensor.Zeros(ElementType.Float32, [1, 1, 4]), theirs = ours;
            foreach (int length in (int[])[5, 2, 11])
            {
                Tensor chunk = TestGraph.RandomTensor(length, 1, length, 3);
                Tensor[] expected = GraphTesting.RunPeer(peer, new Dictionary<string, Tensor> { ["x"] = chunk, ["h"] = theirs });
                Tensor[] actual = TfliteRunner.Run(compiled.Tflite, chunk, ours);
                if (options.CalibrationData.Count == 0) GraphTesting.AssertClose(expected, actual);
                else Assert.IsTrue(expected[0].Span<float>()[0] - actual[0].Span<float>()[0] is > -0.1f and < 0.1f);
                (ours, theirs) = (actual[0], expected[0]);
            }
        }

        string Samples(string name, int count, int length) => _folder.Write(name, DataTesting.Npy("<f4", $"{count}, {length}, 3",
            MemoryMarshal.AsBytes(TestGraph.RandomTensor(length, count, length, 3).Span<float>())));
    }

    /// <summary>A sum over all samples so far: what calibration sees depends on the state that it carries.</summary>
    [TestMethod]
    public void Calibration_carries_the_state_from_sample_to_sample()
    {
        var g = new TestGraph();
        Value x = g.Input("x", 1, 2), h = g.Input("h", 1, 2);
        Value sum = Named(g.Output(g.Add("Add", x, h)), "hn");
        g.Output(Named(g.Add("Mul", sum, g.Scalar(2)), "y"));
        float[] samples = [.. Enumerable.Range(1, 10).SelectMany(i => new[] { i, -i }).Select(i => (float)i)];
        string data = _folder.Write("x.npy", DataTesting.Npy("<f4", "10, 2", MemoryMarshal.AsBytes<float>(samples)));
        string file = _folder.Write("model.onnx", OnnxWriter.Write(g.Graph));
        CompileOptions options = Options("h:hn") with { CalibrationData = [data], CalibrationSamples = 4 };
        CompiledModel compiled = ModelCompiler.Compile(file, options, new DiagnosticList());
        using JsonDocument report = JsonDocument.Parse(compiled.Report.ToJson());
        JsonElement state = report.RootElement.GetProperty("states").EnumerateArray().Single();
        Assert.AreEqual("h hn", $"{state.GetProperty("input")} {state.GetProperty("output")}");
        StringAssert.Contains(Encoding.UTF8.GetString(compiled.Report.ToHtml()), "<b>hn</b> is the next <b>h</b>");
        // Of the samples 1, 3, 6 and 8, the last sum is 1 + … + 8 at least; both ends of the state have one grid.
        double scale = compiled.Report.Layers.Single(l => l.Operator == "Add").Scale!.Value;
        Assert.IsTrue(scale * 255 >= 2 * 28 && scale * 255 <= 2 * 55, $"{scale}");
        Graph written = OnnxReader.Read(compiled.Onnx);
        Assert.AreEqual(written.Inputs.Single(i => i.Name == "h").Quantization, written.Outputs.Single(o => o.Name == "hn").Quantization);
        Assert.IsNotNull(written.Outputs[0].Quantization);
    }

    [TestMethod]
    public void The_recipe_names_states_too()
    {
        string recipe = _folder.Write("recipe.json", """{ "state": "h:hn", "layers": [] }"""u8.ToArray());
        string file = _folder.Write("model.onnx", OnnxWriter.Write(Model()));
        ModelSignature signature = ModelCompiler.ReadSignature(file, new CompileOptions { Recipe = recipe });
        Assert.AreEqual(new StatePair("h", "hn"), signature.States.Single());
        Assert.AreEqual("h:hn", Recipe.Read(recipe).State!.Single());
    }

    private static Graph Model()
    {
        var g = new TestGraph();
        Value x = g.Input("x", 1, 2), h = g.Input("h", 1, 2), c = g.Input("c:0", 1, 2);
        g.Output(Named(g.Add("Add", x, h), "hn"));
        g.Output(Named(g.Add("Mul", x, c), "cn:0"));
        g.Output(Named(g.Add("MatMul", x, g.Random(1, 2, 3)), "y"));
        return g.Build();
    }

    private static Value Named(Value value, string name)
    {
        value.Name = name;
        return value;
    }

    private static CompileOptions Options(string text) =>
        new() { State = (IReadOnlyList<string>)new StatesValue().Parse("State", text, []) };
}
