using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Passes;

namespace ModelOpt.Compiler.Tests.Passes;

[TestClass]
public sealed class DeadNodeRemovalTests
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
}
