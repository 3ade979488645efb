using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Operators.Recurrent;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Tests.Operators.Recurrent;

[TestClass]
internal sealed class RecurrentDecompositionTests
{
    [TestMethod]
    [DataRow("LSTM", 4, 3, "input_forget")]
    [DataRow("GRU", 3, 2, "")]
    [DataRow("GRU", 3, 2, "linear_before_reset")]
    [DataRow("RNN", 1, 2, "")]
    public void A_state_that_is_given_travels_in_LiteRT(string type, int gates, int outputs, string flag)
    {
        Tensor x = TestGraph.RandomTensor(1, 4, 2, 3), state = TestGraph.RandomTensor(4, 1, 2, 5);
        Tensor[] weights =
        [
            TestGraph.RandomTensor(2, 1, 5 * gates, 3), TestGraph.RandomTensor(3, 1, 5 * gates, 5),
            TestGraph.RandomTensor(5, 1, 10 * gates),
        ];
        Tensor?[] states = type == "LSTM" ? [null, state, TestGraph.RandomTensor(6, 1, 2, 5)] : [null, state];
        List<(string, object)> attributes = [("hidden_size", 5L), ("direction", "reverse")];
        if (flag.Length > 0) attributes.Add((flag, 1L));
        Node(type, [x, .. weights, .. states], outputs, [.. attributes]).AssertAgreesWithPeers();
        Node(type, [x, .. weights], outputs, [.. attributes]).AssertAgreesWithPeers();
    }

    [TestMethod]
    [DataRow(RecurrentDecomposition.MostSteps, 0)]
    [DataRow(RecurrentDecomposition.MostSteps + 1, 1)]
    public void Only_short_sequences_are_written_out(int steps, int custom)
    {
        Tensor x = TestGraph.RandomTensor(1, steps, 1, 2), w = TestGraph.RandomTensor(2, 1, 2, 2), r = TestGraph.RandomTensor(3, 1, 2, 2);
        Graph graph = OnnxReader.Read(Node("RNN", [x, w, r], 1, ("hidden_size", 2L)).Model(fed: 1));
        ShapeInference.Run(graph);
        (byte[] file, IReadOnlyList<BuiltinOperator> listed) = Lowering.WriteAndList(graph, default);
        Assert.HasCount(custom, listed);
        Runtime.Model.Node node = Runtime.Model.GraphReader.Read(file).Nodes.Single(n => n.Operator == BuiltinOperator.RNN);
        Assert.AreEqual(custom == 0 ? "modelopt.RNN" : "custom operator 'modelopt.RNN'", node.Name);
    }
}
