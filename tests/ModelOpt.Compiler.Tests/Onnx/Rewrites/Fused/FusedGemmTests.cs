namespace ModelOpt.Compiler.Tests.Onnx.Rewrites.Fused;

[TestClass]
internal sealed class FusedGemmTests
{
    [TestMethod]
    [DataRow("Relu", 0f)]
    [DataRow("LeakyRelu", 0.2f)]
    public void Computes_what_ONNX_Runtime_does(string activation, float alpha)
    {
        var model = new RewriteModel();
        string y = model.Node("FusedGemm", [model.Input(ElementType.Float32, 3, 8), model.Floats(1, 5, 8), model.Floats(1, 5)],
            ("activation", activation), ("activation_alpha", alpha), ("alpha", 0.7f), ("beta", 1.5f), ("transB", 1));
        model.Output(y).AssertAgrees();
    }
}
