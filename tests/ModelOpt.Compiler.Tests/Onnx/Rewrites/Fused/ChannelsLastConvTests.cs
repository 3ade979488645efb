using ModelOpt.Compiler.Tests.Peers;

namespace ModelOpt.Compiler.Tests.Onnx.Rewrites.Fused;

[TestClass]
internal sealed class ChannelsLastConvTests
{
    [TestMethod]
    [DataRow("NhwcConv", false, "")]
    [DataRow("NhwcFusedConv", false, "Relu")]
    [DataRow("NhwcFusedConv", true, "")]
    [DataRow("NhwcFusedConv", true, "LeakyRelu")]
    public void Is_a_Conv_between_transpositions(string type, bool adds, string activation)
    {
        // ONNX Runtime has it on other devices only.
        (string, object)[] window = [("strides", new[] { 2L, 1 }), ("pads", new[] { 1L, 0, 0, 1 }), ("group", 2L)];
        RewriteModel own = new(), peer = new();
        string[] fused = Inputs(own, adds), inputs = Inputs(peer, adds);
        own.Output(own.Node(type, fused,
            activation.Length == 0 ? window : [.. window, ("activation", activation), ("activation_params", new[] { 0.1f })]));
        string y = peer.Node("Transpose", [inputs[0]], ("perm", new[] { 0L, 3, 1, 2 }));
        y = peer.Node("Transpose", [peer.Node("Conv", [y, .. inputs[1..3]], window)], ("perm", new[] { 0L, 2, 3, 1 }));
        if (adds) y = peer.Node("Add", [y, inputs[3]]);
        if (activation.Length > 0) y = peer.Node(activation, [y], activation == "Relu" ? [] : [("alpha", 0.1f)]);
        peer.Output(y);
        Graph graph = own.Read();
        Dictionary<string, Tensor> feeds = graph.Feeds();
        float[] expected = Elements.ToFloats(OnnxRuntime.Run(peer.Bytes(), feeds)[0]);
        float[] actual = Elements.ToFloats(graph.Interpret(feeds)[0]);
        Assert.HasCount(expected.Length, actual);
        for (int i = 0; i < expected.Length; i++) Assert.AreEqual(expected[i], actual[i], 1e-5f);
    }

    private static string[] Inputs(RewriteModel model, bool adds)
    {
        string x = model.Input(ElementType.Float32, 2, 7, 6, 4), w = model.Floats(1, 6, 2, 3, 3), b = model.Floats(1, 6);
        return adds ? [x, w, b, model.Floats(1, 2, 3, 5, 6)] : [x, w, b];
    }
}
