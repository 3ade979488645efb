using ModelOpt.Compiler.Tests.Peers;

namespace ModelOpt.Compiler.Tests.Onnx.Rewrites.Fused;

[TestClass]
internal sealed class UniqueRewriteTests
{
    [TestMethod]
    public void Computes_what_ONNX_Runtime_does()
    {
        var model = new RewriteModel();
        string x = model.Input(ElementType.Float32, 7);
        string[] outputs = model.Nodes("Unique", [x], 3);
        model.Proto.Graph.Node[^1].Domain = ModelOpt.Compiler.Onnx.Rewrites.NodeRewrite.Microsoft;
        model.Output(outputs[0]).Output(outputs[1], ElementType.Int64).Output(outputs[2], ElementType.Int64);
        Dictionary<string, Tensor> feeds = new() { [x] = Tensor.Vector(3f, 1, 3, 2, 1, 3, -1) };
        Tensor[] expected = OnnxRuntime.Run(model.Bytes(), feeds), actual = model.Read().Interpret(feeds);
        for (int i = 0; i < expected.Length; i++) CollectionAssert.AreEqual(Elements.ToFloats(expected[i]), Elements.ToFloats(actual[i]));
    }
}
