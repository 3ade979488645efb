using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Onnx;

namespace ModelOpt.Compiler.Tests.Compile;

[TestClass]
internal sealed class InputValuesTests
{
    [TestMethod]
    [DataRow("rate:16000", ElementType.Int64, "16000,16000")]
    [DataRow("rate:16000,8000", ElementType.Int32, "16000,8000")]
    [DataRow("rate:0.5", ElementType.Float32, "0.5,0.5")]
    [DataRow("rate:1,0", ElementType.Bool, "1,0")]
    public void An_input_becomes_a_constant(string text, ElementType type, string elements)
    {
        Graph graph = Model(type);
        InputValues.Fix(graph, Options(text));
        Assert.AreEqual("x", string.Join(' ', graph.Inputs.Select(i => i.Name)));
        float[] expected = [.. elements.Split(',').Select(e => float.Parse(e, System.Globalization.CultureInfo.InvariantCulture))];
        Tensor constant = graph.Nodes[0].Input(0).Constant!;
        Assert.AreEqual(type, constant.Type);
        CollectionAssert.AreEqual(expected, Casting.To(constant, ElementType.Float32).Span<float>().ToArray());
    }

    [TestMethod]
    [DataRow("speed:1", "the model has no input 'speed' but 'x', 'rate'")]
    [DataRow("rate:1,2,3", "'rate' has the shape [2], and 3 values are given")]
    [DataRow("rate:1.5", "'rate' is Int64, which has no 1.5")]
    [DataRow("rate:1,1e30", "'rate' is Int64, which has no 1E+30")]
    [DataRow("x:1", "'x' has the open shape [N, 2], which InputShape fixes")]
    public void What_does_not_fit_is_told(string text, string why)
    {
        Graph graph = Model(ElementType.Int64);
        Diagnostic diagnostic = Assert.ThrowsExactly<CompilationException>(() => InputValues.Fix(graph, Options(text))).Diagnostic;
        Assert.AreEqual("MOPT6022", diagnostic.Descriptor.Code);
        Assert.AreEqual($"InputValues: {why}.", diagnostic.Message);
    }

    [TestMethod]
    [DataRow("rate")]
    [DataRow(":1")]
    [DataRow("rate:")]
    [DataRow("rate:x")]
    [DataRow("rate:nan")]
    public void What_is_no_value_is_refused(string text) =>
        Assert.AreEqual("MOPT6002", Assert.ThrowsExactly<CompilationException>(() => Options(text)).Diagnostic.Descriptor.Code);

    /// <summary>A model for two rates, whose branch for the other one does not take the samples of this one.</summary>
    [TestMethod]
    public void The_branch_that_the_value_does_not_take_need_not_fit()
    {
        var g = new TestGraph();
        Value x = g.Input("x", -1, 4), rate = g.Input("rate", ElementType.Int64);
        Node chosen = g.Node("If", [g.Add("Equal", rate, g.Constant(Tensor.Scalar(16000L)))], 1);
        chosen.Attributes["then_branch"] = Branch(Tensor.Of<float>([4, 1], [1, 2, 3, 4]));
        chosen.Attributes["else_branch"] = Branch(Tensor.Of<float>([2, 1], [1, 2]));
        chosen.SetInput(1, x);
        g.Output(chosen.Output);
        using var folder = new TempFolder();
        string file = folder.Write("model.onnx", OnnxWriter.Write(g.Graph));
        Assert.AreEqual("MOPT2004", Assert.ThrowsExactly<CompilationException>(
            () => ModelCompiler.ReadSignature(file, new CompileOptions())).Diagnostic.Descriptor.Code);

        CompileOptions options = Options("rate:16000") with { Quantization = QuantizationMode.None };
        Assert.HasCount(1, ModelCompiler.ReadSignature(file, options).Inputs);
        CompiledModel compiled = ModelCompiler.Compile(file, options, new DiagnosticList());
        Assert.AreEqual(30, TfliteRunner.Run(compiled.Tflite, Tensor.Of<float>([1, 4], [1, 2, 3, 4]))[0].Span<float>()[0]);

        static Graph Branch(Tensor weight)
        {
            var body = new TestGraph();
            body.Output(body.Add("MatMul", body.Input("x_inside", 1, 4), body.Constant(weight)));
            body.Graph.Captures = 1;
            return body.Graph;
        }
    }

    private static Graph Model(ElementType type)
    {
        var g = new TestGraph();
        Value x = g.Input("x", -1, 2), rate = g.Input("rate", type, 2);
        g.Output(g.Add("Mul", g.Add("Cast", [rate], ("to", (int)ElementType.Float32)), x));
        return g.Graph;
    }

    private static CompileOptions Options(string text) =>
        new() { InputValues = (IReadOnlyList<InputValue>)new ValuesValue().Parse("InputValues", text, []) };
}
