using ModelOpt.Compiler.Graphs;
using static ModelOpt.Compiler.Tests.Operators.OperatorTesting;

namespace ModelOpt.Compiler.Tests.Operators;

[TestClass]
public sealed class ExpandTests
{
    [TestMethod]
    public void Random_broadcasts_agree_with_ONNX_Runtime()
    {
        var random = new Random(2);
        foreach ((int[] a, int[] b) in BroadcastCases.Shapes(8, 20))
            Node("Expand", [Random(random, ElementType.Float32, a), Tensor.Vector(Array.ConvertAll(b, d => (long)d))]).AssertAgrees();
    }

    [TestMethod]
    public void Sizes_are_followed() =>
        Assert.AreEqual(new Shape(N, 4, 3), Node("Expand", [Floats(1, 3), Sizes(N, 4, 1)]).Infer().Shape);

    [TestMethod]
    public void Lowered_it_gives_the_same()
    {
        var graph = new TestGraph();
        graph.Output(graph.Add("Expand", graph.ChannelLast(2, 3, 4, 1), graph.Longs(2, 1, 1, 5)));
        graph.Output(graph.Add("Expand", graph.Input("v", 3), graph.Longs(4, 1)));
        StringAssert.Contains(graph.AssertLowers(), "MUL");
    }
}
