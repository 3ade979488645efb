using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Tests.Onnx;

namespace ModelOpt.Compiler.Tests.Operators.Contract;

[TestClass]
internal sealed class ShapeInferenceTests
{
    [TestMethod]
    public void The_batchs_symbol_is_followed_through_a_computed_reshape()
    {
        var g = new TestGraph();
        Value x = g.Input("x", -1, 3, 4, 4);
        Value batch = g.Add("Gather", [g.Add("Shape", x), g.Longs(0)], ("axis", 0));
        Value target = g.Add("Concat", [batch, g.Longs(-1)], ("axis", 0));
        g.Output(g.Add("Reshape", x, target));
        Assert.AreEqual("[N, 48]", g.Build().Outputs[0].Shape!.ToString());
    }

    [TestMethod]
    public void What_the_file_states_is_checked_for_types_and_completes_sizes()
    {
        OnnxModel model = new OnnxModel().Input("x", "N", "4").Node("Relu r: x -> y").Output("y", "M", "4");
        Graph graph = OnnxReader.Read(model.Bytes());
        ShapeInference.Run(graph, useStated: true);
        Assert.AreEqual("[N, 4]", graph.Outputs[0].Shape!.ToString());

        model.Graph.Output[0].Type.TensorType.ElemType = 7;
        Graph wrong = OnnxReader.Read(model.Bytes());
        Diagnostic diagnostic = Assert.ThrowsExactly<CompilationException>(() => ShapeInference.Run(wrong, useStated: true)).Diagnostic;
        Assert.AreEqual(("MOPT2005", "r"), (diagnostic.Descriptor.Code, diagnostic.Layer));
    }

    [TestMethod]
    [DataRow("4294967295")]
    [DataRow("9223372036854775807")]
    [DataRow("65536", "65536")]
    [DataRow("0", "4294967295")]
    public void Inputs_that_no_tensor_can_hold_are_refused_whether_read_or_not(params string[] sizes)
    {
        OnnxModel model = new OnnxModel().Input("x", "4").Input("huge", sizes).Node("Relu r: x -> y").Output("y", "4");
        Diagnostic diagnostic = Assert.ThrowsExactly<CompilationException>(
            () => ShapeInference.Run(OnnxReader.Read(model.Bytes()), useStated: true)).Diagnostic;
        Assert.AreEqual(("MOPT2004", "huge"), (diagnostic.Descriptor.Code, diagnostic.Layer));
    }

    [TestMethod]
    public void An_input_without_a_shape_is_refused()
    {
        OnnxModel model = new OnnxModel().Input("x").Node("Relu r: x -> y").Output("y");
        model.Graph.Input[0].Type.TensorType.Shape = null;
        Graph graph = OnnxReader.Read(model.Bytes());
        Diagnostic diagnostic = Assert.ThrowsExactly<CompilationException>(() => ShapeInference.Run(graph)).Diagnostic;
        Assert.AreEqual(("MOPT2008", "x"), (diagnostic.Descriptor.Code, diagnostic.Layer));
    }
}
