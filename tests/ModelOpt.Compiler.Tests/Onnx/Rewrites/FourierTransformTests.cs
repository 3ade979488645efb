namespace ModelOpt.Compiler.Tests.Onnx.Rewrites;

[TestClass]
internal sealed class FourierTransformTests
{
    [TestMethod]
    [DataRow(1)]
    [DataRow(2)]
    public void Transforms_agree_with_ONNX_Runtime(int parts)
    {
        foreach (int samples in (int[])[8, 15])
        {
            Build(17, [2, samples, parts], null).AssertAgrees();
            Build(17, [2, samples, parts], null, ("inverse", 1L)).AssertAgrees();
            Build(17, [2, samples, 3, parts], null, ("axis", 1L)).AssertAgrees();
            Build(17, [2, 3, samples, parts], null, ("axis", 2L)).AssertAgrees();
            Build(20, [2, 3, samples, parts], null).AssertAgrees();
            Build(17, [2, samples, parts], 6).AssertAgrees();
            Build(17, [2, samples, parts], 21).AssertAgrees();
        }
    }

    [TestMethod]
    public void One_side_is_what_real_samples_need()
    {
        Build(17, [2, 12, 1], null, ("onesided", 1L)).AssertAgrees();
        Build(17, [2, 7, 1], null, ("onesided", 1L)).AssertAgrees();
    }

    [TestMethod]
    public void What_cannot_be_expressed_is_refused()
    {
        Refused(Build(20, [2, 12, 1], null, ("onesided", 1L), ("inverse", 1L)));
        Refused(Build(17, [2, 12, 3], null));
        Refused(Build(17, [2, 12, 2], null, ("axis", 2L)));

        static void Refused(RewriteModel model) => Assert.AreEqual(
            "MOPT2006", Assert.ThrowsExactly<CompilationException>(() => model.Read()).Diagnostic.Descriptor.Code);
    }

    private static RewriteModel Build(int opset, int[] dims, long? length, params (string Name, object Value)[] attributes)
    {
        var model = new RewriteModel(opset);
        string x = model.Input(ElementType.Float32, dims);
        string[] inputs = length is { } given ? [x, model.Constant(Tensor.Scalar(given))] : [x];
        return model.Output(model.Node("DFT", inputs, attributes));
    }
}
