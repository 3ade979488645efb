using ModelOpt.Compiler.Simplify;

namespace ModelOpt.Compiler.Tests.Simplify;

[TestClass]
internal sealed class DeadNodeRemovalTests
{
    [TestMethod]
    public void Chains_that_no_output_reads_go()
    {
        var g = new TestGraph();
        Value x = g.Input("x", -1, 3);
        g.Add("Tanh", g.Add("Relu", x));
        g.Output(g.Add("Sigmoid", x));
        g.Add("Add", x, x);
        Assert.AreEqual("Sigmoid", new DeadNodeRemoval().Apply(g.Build(), 3));
    }

    [TestMethod]
    public void Optional_outputs_that_nobody_reads_go()
    {
        var g = new TestGraph();
        Node dropout = g.Node("Dropout", [g.Input("x", 2, 4)], 2);
        Node split = g.Node("Split", [dropout.Output], 2, ("axis", 1));
        g.Add("Cast", [dropout.Outputs[1]], ("to", 1));
        g.Output(split.Outputs[1]!);
        Assert.AreEqual("Dropout Split", new DeadNodeRemoval().Apply(g.Build(), 2));
        Assert.HasCount(1, dropout.Outputs);
        Assert.HasCount(2, split.Outputs);
    }
}
