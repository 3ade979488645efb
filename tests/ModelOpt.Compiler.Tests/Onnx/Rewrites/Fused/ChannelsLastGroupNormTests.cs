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
}
