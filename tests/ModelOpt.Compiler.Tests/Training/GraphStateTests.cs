using ModelOpt.Compiler.Training;

namespace ModelOpt.Compiler.Tests.Training;

[TestClass]
internal sealed class GraphStateTests
{
    [TestMethod]
    public void What_was_written_is_read_and_what_did_not_change_takes_no_space()
    {
        Graph graph = Graph();
        var origin = new GraphState(graph);
        Assert.IsLessThan(200, Write(origin, origin).Length);

        Value weight = graph.Nodes[0].Input(1), bias = graph.Nodes[0].Input(2), output = graph.Outputs[0];
        weight.Constant = TestGraph.RandomTensor(5, 4, 3);
        weight.Constraints = new(
            new Mask([.. Enumerable.Range(0, 12).Select(i => i % 5 == 0)], new SparsityPattern(SparsityKind.NM, 2, 4)),
            new Codebook(3, ClusterScope.Channel, [[-1, 0, 1], [0, 2.5f], [0], [-3, 0]]),
            new Quantization(ElementType.Int8, [0.1f, 0.2f, 0.3f, 0.4f], [0, 0, 0, 0], 0));
        bias.Constraints = null;
        output.Quantization = Quantization.PerTensor(ElementType.Int8, 0.7f, -3);
        byte[] changed = Write(new GraphState(graph), origin);
        (Tensor constant, WeightConstraints constraints) = (weight.Constant, weight.Constraints);

        origin.Restore();
        Assert.IsNull(output.Quantization);
        Assert.IsNull(weight.Constraints);
        Assert.IsNull(weight.Quantization);
        Assert.IsNotNull(bias.Constraints);
        new GraphState(graph).Exchange(StateStream.From(new MemoryStream(changed)), origin).Restore();
        Assert.IsTrue(constant.Bytes.Span.SequenceEqual(weight.Constant!.Bytes.Span));
        CollectionAssert.AreEqual(constant.Dims.ToArray(), weight.Constant.Dims.ToArray());
        CollectionAssert.AreEqual(constraints.Mask!.Zeros.ToArray(), weight.Constraints!.Mask!.Zeros.ToArray());
        Assert.AreEqual(constraints.Mask.Pattern, weight.Constraints.Mask.Pattern);
        Assert.AreEqual((3, ClusterScope.Channel, 4),
            (weight.Constraints.Codebook!.Clusters, weight.Constraints.Codebook.Scope, weight.Constraints.Codebook.Levels.Count));
        for (int c = 0; c < 4; c++) CollectionAssert.AreEqual(constraints.Codebook!.Levels[c], weight.Constraints.Codebook.Levels[c]);
        Assert.AreEqual(constraints.Grid, weight.Quantization);
        Assert.IsNull(bias.Constraints);
        Assert.AreEqual(Quantization.PerTensor(ElementType.Int8, 0.7f, -3), output.Quantization);
        CollectionAssert.AreEqual(changed, Write(new GraphState(graph), origin));
    }

    private static byte[] Write(GraphState state, GraphState origin)
    {
        MemoryStream stream = new();
        state.Exchange(StateStream.To(stream), origin);
        return stream.ToArray();
    }

    private static Graph Graph()
    {
        var g = new TestGraph();
        Value bias = g.Random(2, 4);
        bias.Constraints = new WeightConstraints(Codebook: new Codebook(2, ClusterScope.Tensor, [[0, 1]]));
        g.Output(g.Add("Gemm", [g.Input("x", -1, 3), g.Random(1, 4, 3), bias], ("transB", 1)));
        return g.Build();
    }
}
