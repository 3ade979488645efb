namespace ModelOpt.Compiler.Tests.Onnx.Rewrites.Fused;

[TestClass]
internal sealed class BiasSplitGeluTests
{
    [TestMethod]
    public void One_half_times_Gelu_of_the_other()
    {
        // ONNX Runtime has it on other devices only.
        var model = new RewriteModel();
        string x = model.Input(ElementType.Float32, 1, 1, 4);
        model.Output(model.Node("BiasSplitGelu", [x, model.Constant(Tensor.Vector(1f, 0, 0, -1))]));
        Tensor y = model.Read().Interpret(new Dictionary<string, Tensor> { [x] = Tensor.Of<float>([1, 1, 4], [1, 3, 1, 2]) })[0];
        // Gelu(1) = 0.8413447.
        Assert.AreEqual(2 * 0.8413447f, y.Span<float>()[0], 1e-6f);
        Assert.AreEqual(3 * 0.8413447f, y.Span<float>()[1], 1e-6f);
    }
}
