namespace ModelOpt.Compiler.Tests.Onnx.Rewrites;

[TestClass]
internal sealed class ShortFourierTransformTests
{
    [TestMethod]
    public void Frames_agree_with_ONNX_Runtime()
    {
        Build([2, 30, 1], 4, m => m.Floats(1, 8), null).AssertAgrees();
        Build([2, 30, 1], 5, m => m.Floats(1, 9), 9, ("onesided", 0L)).AssertAgrees();
        Build([1, 30, 1], 3, _ => "", 16).AssertAgrees();
        Build([1, 30, 2], 3, m => m.Floats(1, 8), null, ("onesided", 0L)).AssertAgrees();
    }

    [TestMethod]
    public void What_cannot_be_expressed_is_refused()
    {
        Refused(Build([2, 30, 1], 4, m => m.Floats(1, 8), 9));
        Refused(Build([2, 30, 1], 4, m => m.Input(ElementType.Float32, 8), null));
        Refused(Build([2, 30, 2], 4, m => m.Floats(1, 8), null, ("onesided", 1L)));

        static void Refused(RewriteModel model) => Assert.AreEqual(
            "MOPT2006", Assert.ThrowsExactly<CompilationException>(() => model.Read()).Diagnostic.Descriptor.Code);
    }

    private static RewriteModel Build(
        int[] dims, long step, Func<RewriteModel, string> window, long? length, params (string Name, object Value)[] attributes)
    {
        var model = new RewriteModel();
        string x = model.Input(ElementType.Float32, dims);
        string[] inputs = [x, model.Constant(Tensor.Scalar(step)), window(model)];
        if (length is { } given) inputs = [.. inputs, model.Constant(Tensor.Scalar(given))];
        return model.Output(model.Node("STFT", inputs, attributes));
    }
}
