namespace ModelOpt.Compiler.Tests.Onnx.Rewrites.Quantized;

[TestClass]
internal sealed class QLinearFunctionTests
{
    [TestMethod]
    [DataRow("QLinearAdd", ElementType.UInt8, 0.03f)]
    [DataRow("QLinearAdd", ElementType.Int8, 0.03f)]
    [DataRow("QLinearMul", ElementType.UInt8, 0.05f)]
    [DataRow("QLinearMul", ElementType.Int8, 0.05f)]
    public void Two_inputs(string type, ElementType data, float scale)
    {
        var model = new RewriteModel();
        string y = model.Node(type, [model.Input(data, 2, 3, 5), model.Scale(0.02f), model.Zero(data, 30),
            model.Input(data, 2, 3, 5), model.Scale(0.01f), model.Zero(data, 11), model.Scale(scale), model.Zero(data, 60)]);
        model.Output(y, data).AssertAgrees(off: 0.07);
    }

    [TestMethod]
    [DataRow("QLinearSigmoid", ElementType.UInt8)]
    [DataRow("QLinearSigmoid", ElementType.Int8)]
    [DataRow("QLinearLeakyRelu", ElementType.UInt8)]
    [DataRow("QLinearLeakyRelu", ElementType.Int8)]
    public void One_input(string type, ElementType data)
    {
        var model = new RewriteModel();
        (string, object)[] attributes = type == "QLinearLeakyRelu" ? [("alpha", 0.2f)] : [];
        string y = model.Node(type, [model.Input(data, 2, 3, 5), model.Scale(0.02f), model.Zero(data, 30), model.Scale(0.01f),
            model.Zero(data, 3)], attributes);
        model.Output(y, data).AssertAgrees(off: 0.05);
    }

    [TestMethod]
    public void A_zero_point_that_is_left_out_is_zero_of_the_inputs_type()
    {
        var model = new RewriteModel();
        string y = model.Node("QLinearLeakyRelu", [model.Input(ElementType.Int8, 2, 15), model.Scale(0.02f), "_", model.Scale(0.01f), "_"],
            ("alpha", 0.2f));
        model.Output(y, ElementType.Int8).AssertAgrees(off: 0.05);
    }
}
