namespace ModelOpt.Compiler.Tests.Operators.Elementwise;

[TestClass]
internal sealed class MaxTests
{
    [TestMethod]
    public void Any_number_of_inputs_agrees_with_ONNX_Runtime()
    {
        var random = new Random(2);
        foreach (ElementType type in (ElementType[])[ElementType.Float32, ElementType.Int64, ElementType.Float64])
        {
            Tensor a = Random(random, type, 2, 3), b = Random(random, type, 3), c = Random(random, type, 2, 1);
            Node("Max", [a]).AssertAgrees();
            Node("Max", [a, b]).AssertAgrees();
            Node("Max", [b, c, a]).AssertAgrees();
        }
    }

    [TestMethod]
    public void Lowered_it_gives_the_same()
    {
        var graph = new TestGraph();
        Value x = graph.ChannelLast(2, 3, 4, 5);
        graph.Output(graph.Add("Max", graph.Random(1, 3, 1, 1), x, graph.Scalar(0.5f)));
        StringAssert.StartsWith(graph.AssertLowers(), "M");
    }
}
