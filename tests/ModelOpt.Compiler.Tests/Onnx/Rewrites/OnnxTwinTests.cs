namespace ModelOpt.Compiler.Tests.Onnx.Rewrites;

[TestClass]
internal sealed class OnnxTwinTests
{
    [TestMethod]
    [DataRow(ElementType.UInt8)]
    [DataRow(ElementType.Int8)]
    public void Pairs_of_ONNX_Runtime_are_ONNXs(ElementType type)
    {
        var model = new RewriteModel(13);
        string x = model.Input(ElementType.Float32, 2, 3), scale = model.Constant(Tensor.Scalar(0.01f)), zero = model.Zero(type, 3);
        string q = model.Twin("QuantizeLinear", [x, scale, zero]);
        model.Output(model.Twin("DequantizeLinear", [q, scale, zero])).AssertAgrees();
    }

    [TestMethod]
    public void What_moves_elements_is_ONNXs()
    {
        var model = new RewriteModel(13);
        model.Output(model.Twin("Trilu", [model.Input(ElementType.Float32, 3, 4)], ("upper", 0L))).AssertAgrees();
        model = new RewriteModel(13);
        string pads = model.Constant(Tensor.Vector(1L, 0, 0, 2));
        model.Output(model.Twin("Pad", [model.Input(ElementType.Float32, 3, 4), pads], ("mode", "reflect"))).AssertAgrees();
        model = new RewriteModel(13);
        string indices = model.Constant(Tensor.Of<long>([2, 1], [2, 0]));
        model.Output(model.Twin("GatherND", [model.Input(ElementType.Float32, 3, 4), indices])).AssertAgrees();
    }

    [TestMethod]
    public void Normalizations_of_early_opsets_are_later_ones()
    {
        var model = new RewriteModel(13);
        string x = model.Input(ElementType.Float32, 2, 3, 4), factor = model.Floats(1, 4);
        model.Output(model.Node("SimplifiedLayerNormalization", [x, factor], ("epsilon", 1e-3f))).AssertAgrees();
        model = new RewriteModel(13);
        x = model.Input(ElementType.Float32, 2, 3, 4);
        model.Output(model.Node("LayerNormalization", [x, model.Floats(1, 4), model.Floats(1, 4)], ("epsilon", 1e-3f))).AssertAgrees();
    }
}
