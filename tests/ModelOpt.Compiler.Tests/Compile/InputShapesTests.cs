using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Onnx;

namespace ModelOpt.Compiler.Tests.Compile;

[TestClass]
internal sealed class InputShapesTests
{
    [TestMethod]
    [DataRow("ids:2,16", "[2, 16]", "[2, 16]")]
    [DataRow("ids:-1,16", "[N, 16]", "[N, 16]")]
    [DataRow("mask:1,-1;ids:1,8", "[1, 8]", "[1, 8]")]
    public void Sizes_of_one_name_are_one_size(string text, string ids, string mask)
    {
        Graph graph = Encoder();
        InputShapes.Fix(graph, Options(text));
        CollectionAssert.AreEqual(new[] { ids, mask }, graph.Inputs.Select(i => i.Shape!.ToString()).ToArray());
    }

    [TestMethod]
    [DataRow("2,16", "2,16 has no name, and the model has the inputs 'ids', 'mask'")]
    [DataRow("id:2,16", "the model has no input 'id' but 'ids', 'mask'")]
    [DataRow("ids:2", "'ids' has the shape [N, T], of 2 sizes, not 1")]
    [DataRow("ids:2,16;mask:2,8", "'mask' has the shape [N, T], and T is 16 elsewhere, not 8")]
    public void What_does_not_fit_is_told(string text, string why)
    {
        Diagnostic diagnostic = Assert.ThrowsExactly<CompilationException>(() => InputShapes.Fix(Encoder(), Options(text))).Diagnostic;
        Assert.AreEqual("MOPT6020", diagnostic.Descriptor.Code);
        Assert.AreEqual($"InputShape: {why}.", diagnostic.Message);
    }

    [TestMethod]
    [DataRow("a:")]
    [DataRow(":1,2")]
    [DataRow("a:1,0")]
    [DataRow("a:1,x")]
    [DataRow("a:1,-2")]
    public void What_is_no_shape_is_refused(string text) =>
        Assert.AreEqual("MOPT6002", Assert.ThrowsExactly<CompilationException>(() => Options(text)).Diagnostic.Descriptor.Code);

    [TestMethod]
    public void A_size_that_the_file_fixes_cannot_be_another()
    {
        var g = new TestGraph();
        g.Output(g.Add("Relu", g.Input("x:0", -1, 3)));
        Graph graph = g.Build();
        InputShapes.Fix(graph, Options("x:0:5,3"));
        Assert.AreEqual(new Shape(5, 3), graph.Inputs[0].Shape);
        Assert.ThrowsExactly<CompilationException>(() => InputShapes.Fix(graph, Options("5,4")));
    }

    [TestMethod]
    public void A_network_of_any_image_size_may_be_compiled_for_one()
    {
        var g = new TestGraph();
        Value x = g.Input("x", -1, 3, 8, 8);
        g.Output(g.Add("GlobalAveragePool", g.Add("Conv", x, g.Random(1, 4, 3, 3, 3))));
        x.Shape = new Shape(x.Shape![0], 3, new Dim(-1, "H"), new Dim(-1, "W"));
        using var folder = new TempFolder();
        string file = folder.Write("model.onnx", OnnxWriter.Write(g.Graph));
        Assert.AreEqual(
            "-1, 3, -1, -1", string.Join(", ", ModelCompiler.ReadSignature(file, new()).Inputs[0].Shape.Select(d => d.Size)));
        ModelCompiler.Compile(file, Options("-1,3,10,12"), new DiagnosticList());
        var signature = ModelCompiler.ReadSignature(file, Options("-1,3,10,12"));
        Assert.AreEqual("-1, 3, 10, 12", string.Join(", ", signature.Inputs[0].Shape.Select(d => d.Size)));
    }

    private static Graph Encoder()
    {
        var g = new TestGraph();
        Value ids = g.Input("ids", 1, 1), mask = g.Input("mask", 1, 1);
        g.Output(g.Add("Mul", ids, mask));
        ids.Shape = mask.Shape = new Shape(new Dim(-1, "N"), new Dim(-1, "T"));
        return g.Graph;
    }

    private static CompileOptions Options(string text) =>
        new() { InputShape = (IReadOnlyList<InputShape>)new ShapesValue().Parse("InputShape", text, []) };
}
