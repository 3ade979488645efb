using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Techniques.Quantize;

namespace ModelOpt.Compiler.Tests.Techniques.Quantize;

[TestClass]
internal sealed class NarrowPartsTests
{
    /// <summary>One input carries two states, of which one is a hundred times as wide as the other.</summary>
    [TestMethod]
    [DataRow("Slice")]
    [DataRow("Split")]
    [DataRow("Gather")]
    public void Each_part_of_an_input_has_a_grid_of_its_own(string type)
    {
        float[] numbers = TestGraph.RandomTensor(7, 2, 8).Span<float>().ToArray();
        for (int i = 0; i < 8; i++) numbers[i] *= 100;
        Tensor states = Tensor.Of<float>([2, 8], numbers);
        var h = new TestGraph();
        Value input = h.Input("x", 2, 8);
        Value[] parts = type switch
        {
            "Slice" => [.. Enumerable.Range(0, 2).Select(i => h.Add("Slice", input, h.Longs(i), h.Longs(i + 1), h.Longs(0)))],
            "Split" => [.. h.Node("Split", [input, h.Longs(1, 1)], 2, ("axis", 0)).Outputs.Select(v => v!)],
            _ => [.. Enumerable.Range(0, 2).Select(i => h.Add("Gather", input, h.Longs(i)))],
        };
        foreach (Value part in parts) h.Output(h.Add("MatMul", part, h.Random(1, 8, 4)));
        Graph graph = h.Build();
        using var folder = new TempFolder();
        string data = folder.Write("x.npy", Data.DataTesting.Npy("<f4", "1, 2, 8", states.Bytes.Span));
        CompiledModel model = ModelCompiler.Compile(
            folder.Write("model.onnx", OnnxWriter.Write(graph)), new CompileOptions { CalibrationData = [data] }, new DiagnosticList());
        Tensor[] exact = new Interpreter(graph).Run(states), actual = TfliteRunner.Run(model.Tflite, states);
        for (int i = 0; i < exact.Length; i++) Assert.IsGreaterThan(30, QuantizeTesting.Sqnr(exact[i], actual[i]), $"{i}");
        Assert.IsTrue(model.Report.Layers.Where(l => l.Operator == type).All(l => l.Reason == NarrowParts.Reason));
    }

    /// <summary>Embeddings of words: a table on the grid of what is read from it.</summary>
    [TestMethod]
    public void A_table_from_which_the_caller_picks_is_stored_in_int8()
    {
        var g = new TestGraph();
        Value ids = g.Input("ids", ElementType.Int64, 1, 4);
        Value words = g.Add("Gather", g.Random(1, 2, 8), ids);
        g.Output(g.Add("MatMul", words, g.Random(2, 8, 4)));
        Graph graph = g.Build();
        using var folder = new TempFolder();
        string data = folder.Write("ids.npy", Data.DataTesting.Npy("|u1", "2, 4", [0, 1, 1, 0, 1, 1, 1, 0]));
        CompiledModel model = ModelCompiler.Compile(
            folder.Write("model.onnx", OnnxWriter.Write(graph)), new CompileOptions { CalibrationData = [data] }, new DiagnosticList());
        var file = ModelOpt.Runtime.Model.GraphReader.Read(model.Tflite);
        Assert.AreEqual(ModelOpt.Runtime.Tflite.TensorType.Int8,
            file.Nodes.Single(n => n.Operator == ModelOpt.Runtime.Tflite.BuiltinOperator.Gather).Input(0).Type);
        Tensor x = Tensor.Of<long>([1, 4], [1, 0, 0, 1]);
        Assert.IsGreaterThan(30, QuantizeTesting.Sqnr(new Interpreter(graph).Run(x)[0], TfliteRunner.Run(model.Tflite, x)[0]));
        Assert.IsGreaterThan(30, QuantizeTesting.Sqnr(new Interpreter(graph).Run(x)[0], TfliteRunner.RunLiteRt(model.Tflite, x)[0]));
    }
}
