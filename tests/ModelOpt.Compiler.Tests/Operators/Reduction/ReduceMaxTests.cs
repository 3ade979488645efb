using ModelOpt.Compiler.Techniques.Channels;

namespace ModelOpt.Compiler.Tests.Operators.Reduction;

[TestClass]
internal sealed class ReduceMaxTests
{
    [TestMethod]
    public void Results_agree_with_peers()
    {
        Tensor x = TestGraph.RandomTensor(1, 2, 3, 4, 5);
        Node("ReduceMax", [x, Tensor.Vector(1L)]).AssertAgreesWithPeers(opset: 18);
        Node("ReduceMax", [x, Tensor.Vector(-1L, 2L)], 1, ("keepdims", 0L)).AssertAgreesWithPeers(opset: 18);
        Node("ReduceMax", [x], 1, ("axes", new long[] { 0, 3 })).AssertAgreesWithPeers(opset: 13);
        Node("ReduceMax", [x]).AssertAgreesWithPeers();
    }

    [TestMethod]
    [DataRow(nameof(ElementType.Int32))]
    [DataRow(nameof(ElementType.Int64))]
    [DataRow(nameof(ElementType.UInt8))]
    [DataRow(nameof(ElementType.Bool))]
    public void Other_types_agree_with_ONNX_Runtime(string type)
    {
        Tensor x = Compiler.Graphs.Casting.To(Tensor.Of<int>([2, 3], [0, 1, 0, 0, 0, 0]), Enum.Parse<ElementType>(type));
        Node("ReduceMax", [x, Tensor.Vector(1L)]).AssertAgreesWithPeers(opset: 20, liteRt: false);
    }

    [TestMethod]
    public void Of_equal_elements_each_takes_its_part_of_the_gradient()
    {
        Tensor x = Tensor.Of<float>([1, 4], [3, 5, 5, 1]);
        Node node = Node("ReduceMax", [x, Tensor.Vector(1L)]);
        var context = new BackwardContext(node, [x, Tensor.Vector(1L)], node.Run(), [Tensor.Of<float>([1, 1], [3])], [true, false]);
        ((IDifferentiable)Operator.Of(node)).Backward(context);
        CollectionAssert.AreEqual(new[] { 0, 1.5f, 1.5f, 0 }, context.Gradients[0]!.Span<float>().ToArray());
    }

    [TestMethod]
    [DataRow("Abs")]
    [DataRow("Elu")]
    [DataRow("ReduceMax")]
    public void Channels_are_pruned_through_what_says_that_it_keeps_them(string type)
    {
        var g = new TestGraph();
        Value a = g.Add("Conv", g.Input("x", -1, 3, 4, 4), g.Random(1, 8, 3, 1, 1));
        Value b = type == "ReduceMax" ? g.Add(type, a, g.Longs(2, 3)) : g.Add(type, a);
        g.Output(g.Add("Conv", b, g.Random(2, 2, 8, 1, 1)));
        Assert.AreEqual(8, ChannelGroups.Find(g.Build()).Groups.Single().Units.Count);
    }
}
