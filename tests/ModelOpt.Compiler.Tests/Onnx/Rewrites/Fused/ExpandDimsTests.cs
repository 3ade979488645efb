namespace ModelOpt.Compiler.Tests.Onnx.Rewrites.Fused;

[TestClass]
internal sealed class ExpandDimsTests
{
    [TestMethod]
    [DataRow(0)]
    [DataRow(2)]
    [DataRow(-1)]
    public void A_new_axis(int axis)
    {
        var model = new RewriteModel();
        string x = model.Input(ElementType.Float32, 3, 4);
        model.Output(model.Node("ExpandDims", [x, model.Constant(Tensor.Scalar(axis))])).AssertAgrees();
    }
}
