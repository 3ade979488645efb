namespace ModelOpt.Compiler.Tests.Onnx.Rewrites.Quantized;

[TestClass]
internal sealed class QLinearWhereTests
{
    [TestMethod]
    [DataRow(ElementType.UInt8)]
    [DataRow(ElementType.Int8)]
    public void Elements_of_one_or_the_other(ElementType type)
    {
        var model = new RewriteModel();
        Tensor condition = Tensor.Zeros(ElementType.Bool, [2, 3]);
        condition.Bytes.Span[1] = condition.Bytes.Span[3] = 1;
        string y = model.Node("QLinearWhere", [model.Constant(condition), model.Input(type, 2, 3), model.Scale(0.02f), model.Zero(type, 30),
            model.Input(type, 1, 3), model.Scale(0.01f), model.Zero(type, 11), model.Scale(0.03f), model.Zero(type, 60)]);
        model.Output(y, type).AssertAgrees(off: 0.2);
    }
}
