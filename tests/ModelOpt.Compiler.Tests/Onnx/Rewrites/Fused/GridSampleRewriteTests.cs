namespace ModelOpt.Compiler.Tests.Onnx.Rewrites.Fused;

[TestClass]
internal sealed class GridSampleRewriteTests
{
    [TestMethod]
    [DataRow("bilinear", "zeros", 0)]
    [DataRow("nearest", "border", 1)]
    [DataRow("bicubic", "reflection", 0)]
    public void Computes_what_ONNX_Runtime_does(string mode, string padding, int aligns)
    {
        var model = new RewriteModel();
        string x = model.Input(ElementType.Float32, 2, 3, 5, 6), grid = model.Input(ElementType.Float32, 2, 4, 3, 2);
        model.Output(model.Node("GridSample", [x, grid], ("mode", mode), ("padding_mode", padding), ("align_corners", aligns)))
            .AssertAgrees();
    }
}
