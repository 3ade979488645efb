namespace ModelOpt.Compiler.Tests.Operators.Recurrent;

[TestClass]
internal sealed class LstmTests
{
    private static readonly Tensor _x = TestGraph.RandomTensor(1, 5, 2, 3);
    private static readonly Tensor _w = TestGraph.RandomTensor(2, 2, 16, 3), _r = TestGraph.RandomTensor(3, 2, 16, 4);
    private static readonly Tensor _state = TestGraph.RandomTensor(4, 2, 2, 4), _bias = TestGraph.RandomTensor(5, 2, 32);

    [TestMethod]
    public void Results_agree_with_ONNX_Runtime() =>
        Node(
            "LSTM", [_x, _w, _r, _bias, null, _state, _state, TestGraph.RandomTensor(6, 2, 12)], 3,
            ("direction", "bidirectional"), ("hidden_size", 4L), ("clip", 2f)).AssertAgreesWithPeers();

    [TestMethod]
    public void Open_sizes_travel()
    {
        Node node = Node(
            "LSTM", [Floats(new Dim(-1, "T"), N, 3), _w, _r], 3, ("direction", "bidirectional"), ("hidden_size", 4L));
        node.Infer();
        Assert.AreEqual("[T, 2, N, 4]", $"{node.Outputs[0]!.Shape}");
        Assert.AreEqual("[2, N, 4]", $"{node.Outputs[2]!.Shape}");
        Node first = Node(
            "LSTM", [Floats(N, 5, 3), _w, _r], 2, ("direction", "bidirectional"), ("layout", 1L));
        first.Infer();
        Assert.AreEqual("[N, 5, 2, 4]", $"{first.Outputs[0]!.Shape}");
        Assert.AreEqual("[N, 2, 4]", $"{first.Outputs[1]!.Shape}");
    }

    [TestMethod]
    public void What_does_not_fit_is_refused()
    {
        Assert.AreEqual("MOPT2004", Node("LSTM", [_x, _w, _r]).InferError(), "one direction");
        Assert.AreEqual("MOPT2004", Node("LSTM", [_x, _w, _r, _bias], 1, ("hidden_size", 5L)).InferError());
        Assert.AreEqual("MOPT2002", Both(("activations", new[] { "Tanh" })).InferError());
        Assert.AreEqual("MOPT2002", Both(("activations", new[] { "a", "b", "c", "d", "e", "f" })).InferError());
        Assert.AreEqual("MOPT2002", Both(("direction", "up")).InferError());
        Assert.AreEqual("MOPT2002", Both(("layout", 2L)).InferError());
        Assert.AreEqual("MOPT2002", Both(("clip", -1f)).InferError());
    }

    [TestMethod]
    public void Factors_of_activations_are_taken_in_their_order()
    {
        string[] names = ["HARDSIGMOID", "Tanh", "Elu", "Sigmoid", "Affine", "Softsign"];
        Node(
            "LSTM", [_x, _w, _r, _bias], 3, ("direction", "bidirectional"), ("hidden_size", 4L), ("activations", names),
            ("activation_alpha", new[] { 0.3f, 0.6f, 0.9f }), ("activation_beta", new[] { 0.4f, 0.1f }))
                .AssertAgreesWithPeers(liteRt: false);
    }

    [TestMethod]
    public void The_first_output_may_be_left_out()
    {
        Node node = Both();
        node.AddOutput(new Value("last"));
        node.SetOutput(0, null);
        Assert.IsTrue(node.Normalized(14).HasOutput(0));
        node.Infer();
        Assert.AreEqual("[2, 2, 4]", $"{node.Outputs[1]!.Shape}");
    }

    private static Node Both(params (string Name, object Value)[] attributes) =>
        Node("LSTM", [_x, _w, _r], 1, [("direction", "bidirectional"), .. attributes.Where(a => a.Name != "direction"),
            .. attributes.Where(a => a.Name == "direction")]);
}
