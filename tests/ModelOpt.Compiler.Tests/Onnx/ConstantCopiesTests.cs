using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Tests.Onnx.Rewrites;

namespace ModelOpt.Compiler.Tests.Onnx;

[TestClass]
internal sealed class ConstantCopiesTests
{
    [TestMethod]
    public void A_weight_of_integers_may_be_a_copy_of_a_copy()
    {
        var model = new RewriteModel();
        string weight = model.Node("Identity", [model.Node("Identity", [model.Integers(ElementType.Int8, 20, 7)])]);
        string zero = model.Node("Identity", [model.Integers(ElementType.Int8, 7)]);
        string y = model.Node("MatMulInteger", [model.Input(ElementType.UInt8, 3, 20), weight, model.Zero(ElementType.UInt8, 5), zero]);
        model.Output(y, ElementType.Int32).AssertAgrees(step: 0);
    }

    [TestMethod]
    public void A_grid_may_be_a_copy()
    {
        var model = new RewriteModel();
        string scale = model.Node("Identity", [model.Scale(0.02f)]), zero = model.Zero(ElementType.UInt8, 9);
        string q = model.Node("QuantizeLinear", [model.Input(ElementType.Float32, 2, 3), scale, zero]);
        model.Output(model.Node("Relu", [model.Node("DequantizeLinear", [q, scale, zero])]));
        Assert.IsNotNull(model.Read().Nodes.Single(n => n.Type == "Relu").Input(0).Quantization);
    }

    [TestMethod]
    public void A_copy_that_is_an_output_stays()
    {
        var model = new RewriteModel();
        string copy = model.Node("Identity", [model.Floats(1, 2, 3)]);
        string y = model.Node("Add", [model.Input(ElementType.Float32, 2, 3), copy]);
        model.Output(copy).Output(y);
        Assert.AreEqual("Identity Add", OnnxReader.Read(model.Bytes()).Types());
    }
}
