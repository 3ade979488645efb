namespace ModelOpt.Compiler.Tests.Operators.Selection;

[TestClass]
internal sealed class NonZeroTests
{
    [TestMethod]
    public void Places_agree_with_ONNX_Runtime()
    {
        var random = new Random(31);
        for (int i = 0; i < 12; i++)
        {
            ElementType type = (ElementType[])[ElementType.Float32, ElementType.Int64, ElementType.Bool, ElementType.Int32] is var types
                ? types[i % 4] : default;
            Tensor x = Random(random, type, RandomDims(random, 1, 4));
            for (int k = 0; k < x.Count; k++)
            {
                int size = x.Bytes.Length / x.Count;
                if (random.Next(2) == 0) x.Bytes.Span.Slice(k * size, size).Clear();
            }

            Node("NonZero", [x]).AssertAgreesWithPeers(liteRt: false);
        }
    }

    [TestMethod]
    public void Negative_zero_is_zero_and_NaN_is_not()
    {
        Node("NonZero", [Tensor.Vector(0f, -0f, float.NaN, 1e-40f)]).AssertAgreesWithPeers(liteRt: false);
        Assert.AreEqual(new Shape(3, Dim.Unknown), Node("NonZero", [Floats(2, 3, 4)]).Infer().Shape);
    }

    // What LiteRT is asked for has sizes that the file says.
    [TestMethod]
    public void LiteRT_finds_the_same_places()
    {
        var graph = new TestGraph();
        Value positive = graph.Add("Relu", graph.Add("Sub", graph.Input("x", 3, 4, 5), graph.Scalar(0.75f)));
        Value places = graph.Add("Cast", [graph.Add("NonZero", positive)], ("to", 1));
        graph.Output(graph.Add("ReduceMax", [places, graph.Longs(1)], ("keepdims", 0)));
        StringAssert.Contains(graph.AssertLowers(), "WHERE TRANSPOSE");
    }
}
