using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Tests.Onnx;

namespace ModelOpt.Compiler.Tests.Operators.Elementwise;

[TestClass]
internal sealed class SumTests
{
    [TestMethod]
    [DataRow("a", "Identity")]
    [DataRow("a b", "Add")]
    [DataRow("b c a", "Add Add")]
    [DataRow("a a c b", "Add Add Add")]
    public void Any_number_of_inputs_becomes_Adds_as_in_ONNX_Runtime(string inputs, string types) => AssertAgrees("Sum", inputs, types);

    /// <summary>
    /// Fails the test unless a node of a, b and c, which broadcast, is read as other nodes and computes what ONNX Runtime does.
    /// </summary>
    public static void AssertAgrees(string type, string inputs, string types)
    {
        byte[] model = new OnnxModel().Input("a", "2", "3").Input("b", "3").Input("c", "2", "1")
            .Node($"{type} node: {inputs} -> y").Output("y", "2", "3").Bytes();
        Graph graph = OnnxReader.Read(model);
        ShapeInference.Run(graph, useStated: true);
        GraphVerifier.Verify(graph, "reading");
        Assert.AreEqual(types, graph.Types());
        Assert.AreEqual(("node", "y"), (graph.Nodes[^1].Name, graph.Outputs[0].Name));
        Dictionary<string, Tensor> feeds = graph.Feeds();
        GraphTesting.AssertClose(GraphTesting.RunPeer(model, feeds), graph.Interpret(feeds));
    }
}
