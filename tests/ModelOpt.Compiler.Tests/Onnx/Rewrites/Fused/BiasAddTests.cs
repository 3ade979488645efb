namespace ModelOpt.Compiler.Tests.Onnx.Rewrites.Fused;

[TestClass]
internal sealed class BiasAddTests
{
    [TestMethod]
    public void The_sum_of_three()
    {
        // ONNX Runtime has it on other devices only.
        var model = new RewriteModel();
        string x = model.Input(ElementType.Float32, 1, 1, 2), skip = model.Constant(Tensor.Of<float>([1, 1, 2], [100, 200]));
        model.Output(model.Node("BiasAdd", [x, model.Constant(Tensor.Vector(10f, 20)), skip]));
        Tensor y = model.Read().Interpret(new Dictionary<string, Tensor> { [x] = Tensor.Of<float>([1, 1, 2], [1, 2]) })[0];
        CollectionAssert.AreEqual(new[] { 111f, 222 }, y.Span<float>().ToArray());
    }
}
