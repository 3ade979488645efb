namespace ModelOpt.Compiler.Tests.Operators.Elementwise;

[TestClass]
internal sealed class NegTests
{
    [TestMethod]
    public void It_agrees_with_ONNX_Runtime()
    {
        var random = new Random(2);
        Node("Neg", [Random(random, ElementType.Float32, 2, 17)]).AssertAgrees();
        Node("Neg", [Random(random, ElementType.Float64, 3)]).AssertAgrees();
    }

    [TestMethod]
    public void Lowered_it_gives_the_same()
    {
        var graph = new TestGraph();
        graph.Output(graph.Add("Neg", graph.ChannelLast(2, 3, 4, 5)));
        Assert.AreEqual("NEG TRANSPOSE", graph.AssertLowers());
    }
}
