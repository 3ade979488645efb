namespace ModelOpt.Compiler.Tests.Onnx.Rewrites.Fused;

[TestClass]
internal sealed class RotaryEmbeddingTests
{
    [TestMethod]
    [DataRow(0L)]
    [DataRow(1L)]
    public void Of_ONNX_it_turns_heads_by_positions(long interleaved)
    {
        (string, object)[] attributes = [("interleaved", interleaved)];
        Own(m => [Input(m, 2, 3, 5, 8), m.Floats(1, 9, 4), m.Floats(1, 9, 4), m.Constant(Positions(2, 5))], attributes).AssertAgrees();
        Own(m => [Input(m, 2, 3, 5, 8), m.Floats(1, 2, 5, 4), m.Floats(1, 2, 5, 4)], attributes).AssertAgrees();
        Own(m => [Input(m, 2, 5, 24), m.Floats(1, 9, 4), m.Floats(1, 9, 4), m.Constant(Positions(2, 5))],
            [.. attributes, ("num_heads", 3L)]).AssertAgrees();
        Own(m => [Input(m, 2, 5, 24), m.Floats(1, 9, 2), m.Floats(1, 9, 2), m.Constant(Positions(2, 5))],
            [.. attributes, ("num_heads", 3L), ("rotary_embedding_dim", 4L)]).AssertAgrees();
    }

    [TestMethod]
    [DataRow(0L)]
    [DataRow(1L)]
    public void Of_ONNX_Runtime_too(long interleaved)
    {
        (string, object)[] attributes = [("interleaved", interleaved)];
        Fused(m => [Input(m, 2, 3, 5, 8), m.Constant(Positions(2, 5)), m.Floats(1, 9, 4), m.Floats(1, 9, 4)], attributes).AssertAgrees();
        Fused(m => [Input(m, 2, 5, 24), m.Constant(Tensor.Vector(2L)), m.Floats(1, 9, 4), m.Floats(1, 9, 4)], attributes).AssertAgrees();
        Fused(m => [Input(m, 2, 5, 24), m.Constant(Positions(2, 5)), m.Floats(1, 9, 2), m.Floats(1, 9, 2)],
            [.. attributes, ("num_heads", 3L), ("rotary_embedding_dim", 4L)]).AssertAgrees();
    }

    [TestMethod]
    public void Angles_that_do_not_fit_are_refused()
    {
        RewriteModel model = Own(m => [Input(m, 2, 3, 5, 8), m.Floats(1, 9, 3), m.Floats(1, 9, 3), m.Constant(Positions(2, 5))], []);
        Assert.AreEqual("MOPT2006", Assert.ThrowsExactly<CompilationException>(() => model.Read()).Diagnostic.Descriptor.Code);
    }

    private static RewriteModel Own(Func<RewriteModel, string[]> inputs, (string Name, object Value)[] attributes)
    {
        var model = new RewriteModel(23);
        model.Own("RotaryEmbedding", inputs(model), 1, attributes);
        return model.Output("y0");
    }

    private static RewriteModel Fused(Func<RewriteModel, string[]> inputs, (string Name, object Value)[] attributes)
    {
        var model = new RewriteModel();
        return model.Output(model.Node("RotaryEmbedding", inputs(model), attributes));
    }

    private static Tensor Positions(int batch, int length) =>
        Tensor.Of<long>([batch, length], [.. Enumerable.Range(0, batch * length).Select(i => (long)(i * 2 % 9))]);

    private static string Input(RewriteModel model, params int[] dims) => model.Input(ElementType.Float32, dims);
}
