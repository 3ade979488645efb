using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Tests.Operators;
using ModelOpt.Compiler.Tests.Peers;
using static ModelOpt.Compiler.Tests.Operators.OperatorTesting;
using static ModelOpt.Compiler.Tests.Operators.WindowCases;

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
    public void A_query_to_which_every_key_is_hidden_has_no_shares()
    {
        Tensor x = Tensor.Of<float>([1, 1, 2, 1], [1, 2]), mask = Tensor.Zeros(ElementType.Bool, [2, 2]);
        mask.Bytes.Span[3] = 1;
        Node("Attention", [x, x, x, mask]).AssertModelGives(23, 0, 2);
        Tensor least = Tensor.Of<float>([2, 2], [float.NegativeInfinity, float.NegativeInfinity, float.NegativeInfinity, 0]);
        Node("Attention", [x, x, x, least]).AssertModelGives(23, 0, 2);
        // The second query is the last of one that counts, the first comes before it.
        Node("Attention", [x, x, x, null, null, null, Tensor.Vector(1L)], 1, ("is_causal", 1L)).AssertModelGives(24, 0, 1);
    }

    [TestMethod]
    public void A_mask_that_does_not_reach_all_keys_hides_the_rest()
    {
        Tensor x = Tensor.Of<float>([1, 1, 2, 1], [1, 2]), kept = Tensor.Zeros(ElementType.Bool, [2, 1]);
        kept.Bytes.Span.Fill(1);
        Node("Attention", [x, x, x, kept]).AssertModelGives(24, 1, 1);
        Node("Attention", [x, x, x, Tensor.Zeros(ElementType.Float32, [2, 1])]).AssertModelGives(24, 1, 1);
    }

    [TestMethod]
    [DataRow(1L, new[] { 1.5231884f, 1.9280552f })]
    [DataRow(2L, new[] { 1.5231884f, float.NegativeInfinity })]
    public void Scores_are_shown_capped_or_masked(long mode, float[] expected)
    {
        // softcap 2: 2 · tanh(x / 2) of 2 · 1 and 2 · 2.
        Tensor q = Tensor.Of<float>([1, 1, 1, 1], [2]), x = Tensor.Of<float>([1, 1, 2, 1], [1, 2]);
        Tensor mask = Tensor.Zeros(ElementType.Bool, [1, 2]);
        mask.Bytes.Span[0] = 1;
        Graph graph = OnnxReader.Read(Node(
            "Attention", [q, x, x, mask], 4, ("softcap", 2f), ("qk_matmul_output_mode", mode)).Model(23, fed: 1));
        ShapeInference.Run(graph);
        float[] scores = new Interpreter(graph).Run(q)[^1].Span<float>().ToArray();
        for (int i = 0; i < expected.Length; i++) Assert.AreEqual(expected[i], scores[i], 1e-6f);
    }

    [TestMethod]
    public void Lengths_may_be_open()
    {
        OnnxModel model = new OnnxModel().Opset(23).Input("x", "1", "2", "n", "4").Input("past", "1", "2", "p", "4");
        model.Node("Attention a: x x x mask past past -> y k v", ("is_causal", 1L)).Output("y", "1", "2", "n", "4");
        model.Graph.Node[0].Input[3] = "";
        byte[] bytes = model.Bytes();
        using var folder = new TempFolder();
        byte[] tflite = ModelCompiler.Compile(
            folder.Write("model.onnx", bytes), new CompileOptions { Quantization = QuantizationMode.None }, new DiagnosticList()).Tflite;
        foreach ((int n, int p) in new[] { (1, 3), (4, 2), (3, 0) })
        {
            Tensor x = Signed(new Random(n), 1, 2, n, 4), past = Signed(new Random(p), 1, 2, p, 4);
            Tensor[] expected = OnnxRuntime.Run(bytes, new Dictionary<string, Tensor> { ["x"] = x, ["past"] = past }, asWritten: true);
            GraphTesting.AssertClose(expected, TfliteRunner.Run(tflite, [x, past]));
        }
    }

    [TestMethod]
    public void What_cannot_be_expressed_is_refused()
    {
        var model = new RewriteModel(23);
        Own(model, 4, [("qk_matmul_output_mode", 4L)], [.. Enumerable.Range(0, 3).Select(_ => Input(model, 1, 2, 3, 4))]);
        Refused(model.Output("y0").Output("y3"));
        Refused(Flat(23, 3, 2));
        model = new RewriteModel(23);
        string[] inputs = [.. Enumerable.Range(0, 3).Select(_ => Input(model, 1, 2, 3, 4)), model.Floats(1, 3, 4)];
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
