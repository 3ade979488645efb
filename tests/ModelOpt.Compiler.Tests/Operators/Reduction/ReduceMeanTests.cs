using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Operators.Reduction;

[TestClass]
internal sealed class ReduceMeanTests
{
    [TestMethod]
    public void Common_cases_agree_with_peers() => ReduceCases.AssertAgree("ReduceMean");

    [TestMethod]
    public void Results_agree_with_peers()
    {
        var random = new Random(6);
        foreach (long[] axes in new long[][] { [0], [1], [2, 3], [-1], [1, 3], [3, 2], [0, 1, 2, 3] })
        {
            foreach (long keep in new[] { 0L, 1L })
                Node("ReduceMean", [Signed(random, 2, 3, 4, 5)], 1, ("axes", axes), ("keepdims", keep)).AssertAgreesWithPeers();
        }

        Node("ReduceMean", [Signed(random, 3, 4)]).AssertAgreesWithPeers();
        Node("ReduceMean", [Signed(random, 6)], 1, ("keepdims", 0L)).AssertAgreesWithPeers();
    }

    [TestMethod]
    public void The_form_with_an_input_is_read()
    {
        var random = new Random(6);
        Tensor x = Signed(random, 2, 3, 4, 5);
        Node("ReduceMean", [x, Tensor.Vector(1L, -1)]).AssertAgreesWithPeers(opset: 18);
        Node("ReduceMean", [x]).AssertAgreesWithPeers(opset: 18);
        Node("ReduceMean", [x], 1, ("noop_with_empty_axes", 1L)).AssertAgreesWithPeers(opset: 18);
        Node("ReduceMean", [x, Tensor.Vector<long>()], 1, ("noop_with_empty_axes", 1L)).AssertAgreesWithPeers(opset: 18);
    }

    [TestMethod]
    [DataRow(ElementType.Int32)]
    public void Other_types_are_reduced(ElementType type) =>
        Node("ReduceMean", [Random(new Random(1), type, 2, 4)], 1, ("axes", new long[] { 1 })).AssertAgrees();

    [TestMethod]
    public void Misfits_are_diagnosed()
    {
        Assert.AreEqual(new Shape(N, 1, 7), Node("ReduceMean", [Floats(N, 4, 7), Tensor.Vector(-2L)]).Infer().Shape);
        Assert.AreEqual("MOPT2002", Node("ReduceMean", [Floats(N, 4), Tensor.Vector(2L)]).InferError());
        Assert.AreEqual("MOPT2002", Node("ReduceMean", [Floats(N, 4), Tensor.Vector(1L, -1)]).InferError());
    }

    [TestMethod]
    public void Axes_may_come_through_an_Identity()
    {
        var g = new TestGraph();
        g.Output(g.Add("ReduceMean", g.Input("x", 2, 3), g.Add("Identity", g.Longs(1))));
        Graph graph = g.Build();
        graph.Nodes[1].Infer();
        Assert.AreEqual(new Shape(2, 1), graph.Outputs[0].Shape);
    }
}
