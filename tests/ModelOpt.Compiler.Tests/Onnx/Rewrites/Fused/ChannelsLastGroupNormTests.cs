using ModelOpt.Compiler.Tests.Peers;

namespace ModelOpt.Compiler.Tests.Onnx.Rewrites.Fused;

[TestClass]
internal sealed class ChannelsLastGroupNormTests
{
    [TestMethod]
    [DataRow(0L)]
    [DataRow(1L)]
    public void Groups_of_channels_have_mean_0_and_variance_1(long activation)
    {
        // ONNX Runtime has it on other devices only.
        var model = new RewriteModel();
        string x = model.Input(ElementType.Float32, 1, 1, 2, 4), ones = model.Constant(Tensor.Vector(1f, 1, 2, 1));
        model.Output(model.Node(
            "GroupNorm", [x, ones, model.Constant(Tensor.Vector(0f, 0, 0, 5))], ("groups", 2L), ("activation", activation),
            ("epsilon", 0f)));
        Tensor given = Tensor.Of<float>([1, 1, 2, 4], [1, -1, 2, 4, -1, 1, 4, 2]);
        float[] y = model.Read().Interpret(new Dictionary<string, Tensor> { [x] = given })[0].Span<float>().ToArray();
        double[] expected = [1, -1, -2, 6, -1, 1, 2, 4];
        for (int i = 0; i < y.Length; i++)
            Assert.AreEqual(activation == 0 ? expected[i] : expected[i] / (1 + Math.Exp(-expected[i])), y[i], 1e-5);
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void A_skip_and_a_bias_are_added_before(bool isForPixels)
    {
        RewriteModel model = new(), peer = new();
        foreach (RewriteModel m in (RewriteModel[])[model, peer])
        {
            string x = m.Input(ElementType.Float32, 2, 3, 2, 4), skip = m.Floats(1, isForPixels ? [2, 3, 2, 4] : [2, 4]);
            string gamma = m.Floats(1, 4), beta = m.Floats(1, 4), bias = m.Floats(1, 4);
            if (m == model)
            {
                string[] both = m.Nodes("SkipGroupNorm", [x, gamma, beta, skip, bias], 2, ("groups", 2L));
                m.Output(both[0]).Output(both[1]);
                continue;
            }

            if (!isForPixels) skip = m.Node("Unsqueeze", [skip, m.Constant(Tensor.Vector(1L, 2))]);
            string sum = m.Node("Add", [x, m.Node("Add", [skip, bias])]);
            string y = m.Node("Transpose", [sum], ("perm", new[] { 0L, 3, 1, 2 }));
            // By groups: normalized, then each channel's factor and offset.
            y = m.Node("Reshape", [y, m.Constant(Tensor.Vector(2L, 2, -1))]);
            y = m.Node("MeanVarianceNormalization", [y], ("axes", new[] { 2L }));
            y = m.Node("Transpose", [m.Node("Reshape", [y, m.Constant(Tensor.Vector(2L, 4, 3, 2))])], ("perm", new[] { 0L, 2, 3, 1 }));
            m.Output(m.Node("Add", [m.Node("Mul", [y, gamma]), beta])).Output(sum);
        }

        Graph graph = model.Read();
        Dictionary<string, Tensor> feeds = graph.Feeds();
        Tensor[] expected = OnnxRuntime.Run(peer.Bytes(), feeds), actual = graph.Interpret(feeds);
        for (int output = 0; output < 2; output++)
        {
            float[] e = Elements.ToFloats(expected[output]), a = Elements.ToFloats(actual[output]);
            for (int i = 0; i < e.Length; i++) Assert.AreEqual(e[i], a[i], 1e-4f);
        }
    }
}
