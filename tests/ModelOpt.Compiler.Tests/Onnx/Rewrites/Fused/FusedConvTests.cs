namespace ModelOpt.Compiler.Tests.Onnx.Rewrites.Fused;

[TestClass]
internal sealed class FusedConvTests
{
    [TestMethod]
    [DataRow("Relu", false)]
    [DataRow("Relu", true)]
    [DataRow("Tanh", false)]
    [DataRow("Sigmoid", true)]
    [DataRow("LeakyRelu", false, 0.2f)]
    [DataRow("Clip", false, -0.1f, 0.3f)]
    [DataRow("HardSigmoid", false, 0.2f, 0.4f)]
    public void Computes_what_ONNX_Runtime_does(string activation, bool adds, params float[] parameters) =>
        Model(activation, adds, parameters).AssertAgrees();

    [TestMethod]
    public void Another_activation_is_refused()
    {
        CompilationException e = Assert.ThrowsExactly<CompilationException>(() => Model("Softplus", false).Read());
        Assert.AreEqual("MOPT2006", e.Diagnostic.Descriptor.Code);
        StringAssert.Contains(e.Message, "Softplus");
    }

    [TestMethod]
    public void Parameters_that_are_missing_are_refused() =>
        Assert.ThrowsExactly<CompilationException>(() => Model("Clip", false, 0.1f).Read());

    private static RewriteModel Model(string activation, bool adds, params float[] parameters)
    {
        var model = new RewriteModel();
        string x = model.Input(Compiler.Graphs.ElementType.Float32, 1, 4, 6, 6);
        string[] inputs = [x, model.Floats(0.4f, 4, 4, 3, 3), model.Floats(0.2f, 4)];
        string y = model.Node("FusedConv", adds ? [.. inputs, x] : inputs,
            ("pads", new long[] { 1, 1, 1, 1 }), ("activation", activation), ("activation_params", parameters));
        return model.Output(y);
    }
}
