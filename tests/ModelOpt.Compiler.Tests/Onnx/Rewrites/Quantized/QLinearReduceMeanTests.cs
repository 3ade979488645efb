namespace ModelOpt.Compiler.Tests.Onnx.Rewrites.Quantized;

[TestClass]
internal sealed class QLinearReduceMeanTests
{
    [TestMethod]
    [DataRow(0L)]
    [DataRow(1L)]
    public void Means_along_axes(long keep)
    {
        // ONNX Runtime has no kernel of it on a processor.
        var model = new RewriteModel();
        string x = model.Input(ElementType.UInt8, 2, 2);
        string half = model.Constant(Tensor.Scalar(0.5f)), one = model.Constant(Tensor.Scalar(1f));
        string y = model.Node(
            "QLinearReduceMean", [x, half, model.Zero(ElementType.UInt8, 10), one, model.Zero(ElementType.UInt8, 3)],
            ("axes", new[] { 1L }), ("keepdims", keep));
        Graph graph = model.Output(y, ElementType.UInt8).Read();
        // (0 + 4) / 2 and (10 − 2) / 2, in steps of 1 from 3 on.
        Tensor given = Tensor.Of<byte>([2, 2], [10, 18, 30, 6]);
        Tensor mean = graph.Interpret(new Dictionary<string, Tensor> { [x] = given }, fakeQuantize: true)[0];
        Assert.AreEqual(keep == 1 ? new Shape(2, 1) : new Shape(2), mean.Shape);
        CollectionAssert.AreEqual(new byte[] { 5, 7 }, mean.Span<byte>().ToArray());
    }
}
