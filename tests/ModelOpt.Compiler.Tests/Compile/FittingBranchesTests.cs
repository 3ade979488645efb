using ModelOpt.Compiler.Compile;

namespace ModelOpt.Compiler.Tests.Compile;

[TestClass]
internal sealed class FittingBranchesTests
{
    [TestMethod]
    [DataRow(4, true, "else_branch")]
    [DataRow(2, false, "then_branch")]
    public void A_branch_that_does_not_take_the_sizes_is_left_out(int size, bool condition, string leftOut)
    {
        Graph graph = ForTwoRates(size);
        var diagnostics = new DiagnosticList();
        FittingBranches.Choose(graph, diagnostics);
        Assert.AreEqual(condition, graph.Nodes[^1].Input(0).Constant!.Span<bool>()[0]);
        Diagnostic note = diagnostics.Diagnostics.Single();
        Assert.AreEqual("MOPT2015", note.Descriptor.Code);
        StringAssert.Contains(note.Message, leftOut);
        ShapeInference.Run(graph);
    }

    [TestMethod]
    [DataRow(3, DisplayName = "No branch fits")]
    [DataRow(-1, DisplayName = "The size is open")]
    public void Otherwise_nothing_changes(int size)
    {
        Graph graph = ForTwoRates(size);
        var diagnostics = new DiagnosticList();
        FittingBranches.Choose(graph, diagnostics);
        Assert.IsNull(graph.Nodes[^1].Input(0).Constant);
        Assert.IsEmpty(diagnostics.Diagnostics);
    }

    // The first rate takes 4 samples, the other one 2.
    private static Graph ForTwoRates(int size)
    {
        var g = new TestGraph();
        Value x = g.Input("x", 1, size), rate = g.Input("rate", ElementType.Int64);
        Node chosen = g.Node("If", [g.Add("Equal", rate, g.Constant(Tensor.Scalar(16000L)))], 1);
        chosen.Attributes["then_branch"] = Branch(Tensor.Of<float>([4, 1], [1, 2, 3, 4]));
        chosen.Attributes["else_branch"] = Branch(Tensor.Of<float>([2, 1], [1, 2]));
        chosen.SetInput(1, x);
        g.Output(chosen.Output);
        return g.Graph;
    }

    private static Graph Branch(Tensor weight)
    {
        var body = new TestGraph();
        body.Output(body.Add("MatMul", body.Input("x_inside", 1, weight.Dims[0]), body.Constant(weight)));
        body.Graph.Captures = 1;
        return body.Graph;
    }
}
