namespace ModelOpt.Compiler.Tests.Onnx.Rewrites.Fused;

[TestClass]
internal sealed class AttentionTests
{
    [TestMethod]
    [DataRow(23)]
    [DataRow(24)]
    public void Heads_and_rows_of_heads_give_what_ONNX_Runtime_does(int opset)
    {
        Flat(opset, 4, 4).AssertAgrees();
        Flat(opset, 4, 2).AssertAgrees();
        Flat(opset, 4, 1, ("scale", 0.3f)).AssertAgrees();
        Flat(opset, 4, 4, ("softcap", 0.5f)).AssertAgrees();
        Flat(opset, 4, 4, ("is_causal", 1L)).AssertAgrees();
        var model = new RewriteModel(opset);
        Own(model, 1, Input(model, 2, 6, 3, 4), Input(model, 2, 2, 5, 4), Input(model, 2, 2, 5, 3));
        model.Output("y0").AssertAgrees();
    }

    [TestMethod]
    [DataRow(false, new[] { 3, 5 })]
    [DataRow(true, new[] { 3, 5 })]
    [DataRow(true, new[] { 2, 1, 3, 5 })]
    [DataRow(false, new[] { 2, 4, 3, 5 })]
    public void Masks_of_numbers_and_bools_hide_keys(bool isBool, int[] dims)
    {
        var model = new RewriteModel(23);
        Tensor mask = Tensor.Zeros(isBool ? ElementType.Bool : ElementType.Float32, dims);
        for (int i = 0; i < mask.Count; i++)
        {
            if (isBool) mask.Bytes.Span[i] = (byte)(i % 5 == 0 || i * i % 7 < 3 ? 1 : 0);
            else mask.Span<float>()[i] = i % 5 == 0 ? 0.5f : i * i % 7 < 3 ? -1 : float.NegativeInfinity;
        }

        Own(model, 1, Input(model, 2, 4, 3, 8), Input(model, 2, 4, 5, 8), Input(model, 2, 4, 5, 8), model.Constant(mask));
        model.Output("y0").AssertAgrees();
    }

    [TestMethod]
    [DataRow(0L)]
    [DataRow(3L)]
    public void A_past_comes_before_and_present_and_scores_are_outputs(long mode)
    {
        var model = new RewriteModel(23);
        string[] inputs = [.. Enumerable.Range(0, 3).Select(_ => Input(model, 1, 2, 3, 4)), "", .. Past(model)];
        Own(model, 4, [("is_causal", 1L), ("qk_matmul_output_mode", mode)], inputs);
        model.Output("y0").Output("y1").Output("y2").Output("y3").AssertAgrees();

        static IEnumerable<string> Past(RewriteModel model) => [Input(model, 1, 2, 6, 4), Input(model, 1, 2, 6, 4)];
    }

    [TestMethod]
    public void Keys_that_do_not_count_are_hidden()
    {
        var model = new RewriteModel(24);
        string[] inputs = [.. Enumerable.Range(0, 3).Select(_ => Input(model, 2, 2, 4, 4)), "", "", ""];
        Own(model, 1, [.. inputs, model.Constant(Tensor.Vector<long>(4, 2))]);
        model.Output("y0").AssertAgrees();
    }

    [TestMethod]
    public void What_cannot_be_expressed_is_refused()
    {
        var model = new RewriteModel(23);
        Own(model, 4, [("qk_matmul_output_mode", 1L)], [.. Enumerable.Range(0, 3).Select(_ => Input(model, 1, 2, 3, 4))]);
        Refused(model.Output("y0").Output("y3"));
        Refused(Flat(23, 3, 2));
        model = new RewriteModel(23);
        string[] inputs = [.. Enumerable.Range(0, 3).Select(_ => Input(model, 1, 2, 3, 4)), model.Floats(1, 3, 2)];
        Own(model, 1, inputs);
        Refused(model.Output("y0"));

        static void Refused(RewriteModel model) => Assert.AreEqual(
            "MOPT2006", Assert.ThrowsExactly<CompilationException>(() => model.Read()).Diagnostic.Descriptor.Code);
    }

    private static RewriteModel Flat(int opset, int queryHeads, int keyHeads, params (string Name, object Value)[] attributes)
    {
        var model = new RewriteModel(opset);
        string[] inputs = [Input(model, 2, 5, 24), Input(model, 2, 5, 24 / queryHeads * keyHeads), Input(model, 2, 5, 6 * keyHeads)];
        Own(model, 1, [("q_num_heads", (long)queryHeads), ("kv_num_heads", (long)keyHeads), .. attributes], inputs);
        return model.Output("y0");
    }

    private static void Own(RewriteModel model, int outputs, params string[] inputs) => Own(model, outputs, [], inputs);

    private static void Own(RewriteModel model, int outputs, (string Name, object Value)[] attributes, string[] inputs) =>
        model.Own("Attention", inputs, outputs, attributes);

    private static string Input(RewriteModel model, params int[] dims) => model.Input(ElementType.Float32, dims);
}
