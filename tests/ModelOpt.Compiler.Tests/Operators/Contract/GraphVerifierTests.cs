namespace ModelOpt.Compiler.Tests.Operators.Contract;

[TestClass]
internal sealed class GraphVerifierTests
{
    [TestMethod]
    public void Each_kind_of_mistake_is_found()
    {
        AssertBroken("read before it is produced", graph => graph.Reorder([graph.Nodes[1], graph.Nodes[0]]));
        AssertBroken("two values have one name", graph => graph.Nodes[0].Output.Name = "x");
        AssertBroken("nothing produces the output", graph => graph.Remove(graph.Nodes[1]));
        AssertBroken("recorded as", graph => graph.Nodes[0].Output.Shape = new Shape(2, 5));
        AssertBroken("no type or shape", graph => graph.Nodes[0].Output.Type = ElementType.Undefined);
        AssertBroken("does not know its consumers", graph => graph.Nodes[0].Output.AddConsumer(graph.Nodes[1]));
        AssertBroken("does not know its producer", graph => graph.Nodes[0].Output.Producer = null);
        AssertBroken("an output stands twice", graph => graph.Outputs.Add(graph.Outputs[0]));
        AssertBroken("there are no outputs", graph => graph.Outputs.Clear());
        AssertBroken("the constant is", graph => graph.Nodes[1].Input(1).Constant = Tensor.Vector(1f, 2f));
        AssertBroken("quantization does not fit",
            graph => graph.Nodes[0].Output.Quantization = Quantization.PerTensor(ElementType.Int8, 0, 0));
        AssertBroken("quantization does not fit",
            graph => graph.Nodes[0].Output.Quantization = Quantization.PerTensor(ElementType.Int8, 1, 200));
        AssertBroken("quantization does not fit",
            graph => graph.Nodes[0].Output.Quantization = new Quantization(ElementType.Int8, [1, 1], [0, 0], 1));
        AssertBroken("is no operator", graph => graph.Add(new Node("Nonsense", "n", [graph.Inputs[0]], [new Value("z")])));
    }

    private static void AssertBroken(string what, Action<Graph> mistake)
    {
        var g = new TestGraph();
        g.Output(g.Add("Add", g.Add("Relu", g.Input("x", 2, 4)), g.Scalar(1)));
        Graph graph = g.Build();
        mistake(graph);
        Diagnostic diagnostic = Assert.ThrowsExactly<CompilationException>(() => GraphVerifier.Verify(graph, "Mistake")).Diagnostic;
        Assert.AreEqual("MOPT2007", diagnostic.Descriptor.Code);
        StringAssert.Contains(diagnostic.Message, what);
        StringAssert.StartsWith(diagnostic.Message, "after Mistake, ");
    }
}
