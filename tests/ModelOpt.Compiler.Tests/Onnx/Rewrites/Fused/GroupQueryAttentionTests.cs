namespace ModelOpt.Compiler.Tests.Onnx.Rewrites.Fused;

[TestClass]
internal sealed class GroupQueryAttentionTests
{
    private const int Length = 3, Heads = 4, Own = 2, Size = 16;

    [TestMethod]
    [DataRow(0)]
    [DataRow(4)]
    public void Heads_share_keys_and_values_of_now_and_before(int past)
    {
        Build(past, isPacked: false).AssertAgrees();
        Build(past, isPacked: true).AssertAgrees();
        Build(past, isPacked: false, ("scale", 0.2f), ("softcap", 2f)).AssertAgrees();
        Build(past, isPacked: false, ("local_window_size", 2L)).AssertAgrees();
        Build(past, isPacked: false, ("do_rotary", 1L)).AssertAgrees();
        Build(past, isPacked: true, ("do_rotary", 1L), ("rotary_interleaved", 1L)).AssertAgrees();
    }

    [TestMethod]
    public void What_cannot_be_expressed_is_refused()
    {
        RewriteModel model = Build(0, isPacked: false, ("smooth_softmax", 1L));
        Assert.AreEqual("MOPT2006", Assert.ThrowsExactly<CompilationException>(() => model.Read()).Diagnostic.Descriptor.Code);
    }

    /// <summary>The lengths of samples are not read, which matters where several follow a past.</summary>
    [TestMethod]
    [DataRow(0, 2, "")]
    [DataRow(4, 1, "")]
    [DataRow(4, 2, "MOPT2016")]
    public void Several_samples_behind_a_past_are_told_that_they_are_taken_as_equally_long(int past, int batch, string code) =>
        Assert.AreEqual(code, string.Join(' ', Build(past, batch, isPacked: false).Read().Remarks.Select(r => r.Descriptor.Code)));

    // ONNX Runtime takes one sample where several positions follow a past.
    private static RewriteModel Build(int past, bool isPacked, params (string Name, object Value)[] attributes) =>
        Build(past, past > 0 ? 1 : 2, isPacked, attributes);

    private static RewriteModel Build(int past, int batch, bool isPacked, params (string Name, object Value)[] attributes)
    {
        var model = new RewriteModel();
        string[] inputs = isPacked ? [Input(batch, Length, (Heads + (2 * Own)) * Size), "", ""]
            : [Input(batch, Length, Heads * Size), Input(batch, Length, Own * Size), Input(batch, Length, Own * Size)];
        string[] before = past == 0 ? ["", ""] : [Input(batch, Own, past, Size), Input(batch, Own, past, Size)];
        string counts = model.Constant(Tensor.Vector<int>([.. Enumerable.Repeat(past + Length - 1, batch)]));
        string[] tables = attributes.Any(a => a.Name == "do_rotary") ? [model.Floats(1, 9, Size / 2), model.Floats(1, 9, Size / 2)] : [];
        string[] y = model.Nodes(
            "GroupQueryAttention", [.. inputs, .. before, counts, model.Constant(Tensor.Scalar(past + Length)), .. tables], 3,
            [("num_heads", (long)Heads), ("kv_num_heads", (long)Own), .. attributes]);
        return model.Output(y[0]).Output(y[1]).Output(y[2]);

        string Input(params int[] dims) => model.Input(ElementType.Float32, dims);
    }
}
