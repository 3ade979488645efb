namespace ModelOpt.Compiler.Tests.Onnx.Rewrites.Fused;

[TestClass]
internal sealed class FusedAttentionTests
{
    private const int Batch = 2, Length = 5, Width = 12;

    [TestMethod]
    public void Computes_what_ONNX_Runtime_does()
    {
        Build(_ => []).AssertAgrees();
        Build(_ => [], ("scale", 0.2f)).AssertAgrees();
        Build(_ => [], ("unidirectional", 1L)).AssertAgrees();
        Build(_ => [], ("qkv_hidden_sizes", new[] { 16L, 16, 8 })).AssertAgrees();
    }

    [TestMethod]
    public void Masks_filter_keys_and_a_bias_is_added()
    {
        Build(m => [m.Constant(Mask(Batch, Length))]).AssertAgrees();
        Build(m => [m.Constant(Mask(Batch, Length))], ("mask_filter_value", -2f)).AssertAgrees();
        Build(m => [m.Constant(Mask(Batch, Length, Length))]).AssertAgrees();
        Build(m => [m.Constant(Tensor.Vector<int>(3, 5))]).AssertAgrees();
        Build(m => ["", "", m.Floats(2, Batch, 4, Length, Length)]).AssertAgrees();
        Build(m => [m.Constant(Mask(Batch, Length)), "", m.Floats(2, 1, 4, Length, Length)], ("unidirectional", 1L)).AssertAgrees();
    }

    [TestMethod]
    public void A_past_comes_before()
    {
        var model = new RewriteModel();
        string[] inputs = Inputs(model, 24);
        inputs = [.. inputs, "", model.Input(ElementType.Float32, 2, Batch, 4, 3, 2)];
        string[] y = model.Nodes("Attention", inputs, 2, ("num_heads", 4L), ("unidirectional", 1L));
        model.Output(y[0]).Output(y[1]).AssertAgrees();
    }

    [TestMethod]
    public void What_cannot_be_expressed_is_refused()
    {
        Refused(Build(_ => [], ("do_rotary", 1L)));
        Refused(Build(m => [m.Constant(Tensor.Vector<int>(3, 5, 0, 0))]));
        Refused(Build(m => [m.Constant(Mask(Batch, 1, Length, Length))]));
        Refused(Build(_ => [], ("qkv_hidden_sizes", new[] { 15L, 15, 10 })));

        static void Refused(RewriteModel model) => Assert.AreEqual(
            "MOPT2006", Assert.ThrowsExactly<CompilationException>(() => model.Read()).Diagnostic.Descriptor.Code);
    }

    private static RewriteModel Build(Func<RewriteModel, string[]> more, params (string Name, object Value)[] attributes)
    {
        var model = new RewriteModel();
        int columns = attributes.Any(a => a.Name == "qkv_hidden_sizes") ? 40 : 24;
        string[] inputs = Inputs(model, columns);
        return model.Output(model.Node("Attention", [.. inputs, .. more(model)], [("num_heads", 4L), .. attributes]));
    }

    private static string[] Inputs(RewriteModel model, int columns) =>
        [model.Input(ElementType.Float32, Batch, Length, Width), model.Floats(1, Width, columns), model.Floats(1, columns)];

    private static Tensor Mask(params int[] dims)
    {
        Tensor mask = Tensor.Zeros(ElementType.Int32, dims);
        for (int i = 0; i < mask.Count; i++) mask.Span<int>()[i] = i % Length == 0 || i * i % 7 < 3 ? 1 : 0;
        return mask;
    }
}
