using ModelOpt.Compiler.Tests.Peers;

namespace ModelOpt.Compiler.Tests.Onnx.Rewrites.Fused;

[TestClass]
internal sealed class MultiHeadAttentionTests
{
    private const int Batch = 2, Queries = 3, Keys = 5, Heads = 4, Size = 6, Width = Heads * Size;

    [TestMethod]
    public void Queries_keys_and_values_give_what_ONNX_Runtime_does()
    {
        Build(m => [Rows(m, Queries), Rows(m, Keys), Rows(m, Keys)]).AssertAgrees();
        Build(m => [Rows(m, Queries), Rows(m, Keys), Rows(m, Keys)], ("scale", 0.7f)).AssertAgrees();
        Build(m => [Rows(m, Queries), Rows(m, Keys), Rows(m, Keys), m.Floats(1, 3 * Width)]).AssertAgrees();
        Build(m => [Rows(m, Keys), Rows(m, Keys), Rows(m, Keys)], ("unidirectional", 1L)).AssertAgrees();
        Build(m => [Rows(m, Queries), Part(m, Keys), Part(m, Keys)]).AssertAgrees();
    }

    [TestMethod]
    public void Packed_inputs_are_taken_apart()
    {
        // ONNX Runtime takes them on other devices; here it gets them taken apart.
        AssertPacked(
            m => [m.Input(ElementType.Float32, Batch, Keys, Heads, 3, Size)],
            (m, x) => [Part(m, x[0], 0), Part(m, x[0], 1), Part(m, x[0], 2)]);
        AssertPacked(
            m => [Rows(m, Queries), m.Input(ElementType.Float32, Batch, Keys, Heads, 2, Size)],
            (m, x) => [x[0], Part(m, x[1], 0), Part(m, x[1], 1)]);

        static string Part(RewriteModel m, string x, long index) => m.Node("Reshape", [
            m.Node("Gather", [x, m.Constant(Tensor.Scalar(index))], ("axis", 3L)), m.Constant(Tensor.Vector<long>(0, 0, Width))]);

        static void AssertPacked(Func<RewriteModel, string[]> packed, Func<RewriteModel, string[], string[]> apart)
        {
            Graph graph = Build(packed).Read();
            Dictionary<string, Tensor> feeds = graph.Feeds();
            Tensor expected = OnnxRuntime.Run(Build(m => apart(m, packed(m))).Bytes(), feeds)[0], actual = graph.Interpret(feeds)[0];
            Assert.AreEqual(expected.Shape, actual.Shape);
            float[] e = Elements.ToFloats(expected), a = Elements.ToFloats(actual);
            Assert.IsLessThanOrEqualTo(1e-4f, e.Zip(a, (x, y) => MathF.Abs(x - y)).Max());
        }
    }

    [TestMethod]
    public void Masks_filter_keys_and_a_bias_is_added()
    {
        foreach (Tensor mask in (Tensor[])[
            Tensor.Vector<int>(3, 5), Tensor.Of<int>([2, 5], [1, 1, 0, 1, 0, 0, 0, 1, 1, 1]),
            Tensor.Of<int>([2, 3, 5], [.. Enumerable.Range(0, 30).Select(i => i % 5 == 0 || i % 3 == 0 ? 1 : 0)])])
        {
            Build(m => [Rows(m, Queries), Rows(m, Keys), Rows(m, Keys), "", m.Constant(mask)]).AssertAgrees();
        }

        Build(m => [Rows(m, Queries), Rows(m, Keys), Rows(m, Keys), "", "", m.Floats(3, 1, Heads, Queries, Keys)]).AssertAgrees();
    }

    [TestMethod]
    public void A_past_comes_before_and_present_is_an_output()
    {
        var model = new RewriteModel();
        string[] inputs = [Rows(model, Queries), Rows(model, Queries), Rows(model, Queries), "", "", "", Part(model, 4), Part(model, 4)];
        string[] y = model.Nodes("MultiHeadAttention", inputs, 3, ("num_heads", (long)Heads), ("unidirectional", 1L));
        model.Output(y[0]).Output(y[1]).Output(y[2]).AssertAgrees();
    }

    [TestMethod]
    public void What_cannot_be_expressed_is_refused()
    {
        Refused(Build(m => [Rows(m, Queries)]));
        Refused(Build(m => [Rows(m, Queries), Rows(m, Keys), Rows(m, Keys), "", m.Constant(Tensor.Vector<int>(1, 2, 3, 4, 5, 6, 7, 8))]));

        static void Refused(RewriteModel model) => Assert.AreEqual(
            "MOPT2006", Assert.ThrowsExactly<CompilationException>(() => model.Read()).Diagnostic.Descriptor.Code);
    }

    private static RewriteModel Build(Func<RewriteModel, string[]> inputs, params (string Name, object Value)[] attributes)
    {
        var model = new RewriteModel();
        return model.Output(model.Node("MultiHeadAttention", inputs(model), [("num_heads", (long)Heads), .. attributes]));
    }

    private static string Rows(RewriteModel model, int length) => model.Input(ElementType.Float32, Batch, length, Width);

    private static string Part(RewriteModel model, int length) => model.Input(ElementType.Float32, Batch, Heads, length, Size);
}
