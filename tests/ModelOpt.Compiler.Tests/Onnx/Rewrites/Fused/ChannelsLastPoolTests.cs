namespace ModelOpt.Compiler.Tests.Onnx.Rewrites.Fused;

[TestClass]
internal sealed class ChannelsLastPoolTests
{
    [TestMethod]
    [DataRow(ElementType.UInt8)]
    [DataRow(ElementType.Int8)]
    public void Computes_what_ONNX_Runtime_does(ElementType type)
    {
        var model = new RewriteModel();
        model.Output(
            model.Node(
                "NhwcMaxPool", [model.Input(type, 2, 7, 6, 5)], ("kernel_shape", new[] { 3L, 2 }), ("strides", new[] { 2L, 1 }),
                ("pads", new[] { 1L, 0, 1, 1 })), type).AssertAgrees();
    }
}
