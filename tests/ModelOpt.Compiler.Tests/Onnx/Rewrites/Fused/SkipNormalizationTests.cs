namespace ModelOpt.Compiler.Tests.Onnx.Rewrites.Fused;

[TestClass]
internal sealed class SkipNormalizationTests
{
    [TestMethod]
    [DataRow("SkipLayerNormalization", false)]
    [DataRow("SkipLayerNormalization", true)]
    [DataRow("SkipSimplifiedLayerNormalization", false)]
    [DataRow("SkipSimplifiedLayerNormalization", true)]
    public void Computes_what_ONNX_Runtime_does(string type, bool hasBias)
    {
        var model = new RewriteModel();
        List<string> inputs = [model.Input(ElementType.Float32, 2, 3, 8), model.Input(ElementType.Float32, 2, 3, 8), model.Floats(1, 8)];
        if (type == "SkipLayerNormalization") inputs.Add(model.Floats(1, 8));
        if (hasBias) inputs.Add(model.Floats(1, 8));
        string[] y = model.Nodes(type, [.. inputs], 4, ("epsilon", 1e-5f));
        // Mean and deviation are not asked for.
        (model.Proto.Graph.Node[0].Output[1], model.Proto.Graph.Node[0].Output[2]) = ("", "");
        model.Output(y[0]).Output(y[3]).AssertAgrees();
    }

    [TestMethod]
    public void A_mean_that_is_read_is_refused()
    {
        var model = new RewriteModel();
        string[] y = model.Nodes("SkipLayerNormalization",
            [model.Input(ElementType.Float32, 2, 3, 8), model.Input(ElementType.Float32, 2, 3, 8), model.Floats(1, 8)], 2);
        model.Output(y[0]).Output(y[1]);
        Assert.AreEqual("MOPT2006", Assert.ThrowsExactly<CompilationException>(() => model.Read()).Diagnostic.Descriptor.Code);
    }
}
