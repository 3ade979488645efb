using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Passes;

namespace ModelOpt.Compiler.Tests.Passes;

[TestClass]
public sealed class HardSwishFusionTests
{
    [TestMethod]
    [DataRow("hardsigmoid")]
    [DataRow("product first")]
    [DataRow("gate first")]
    [DataRow("times a sixth")]
    public void The_forms_that_exporters_write_are_recognized(string form)
    {
        var g = new TestGraph();
        Value x = g.Input("x", -1, 8);
        Value gate = form == "hardsigmoid" ? g.Add("HardSigmoid", [x], ("alpha", 1f / 6), ("beta", 0.5f))
            : g.Add("Clip", g.Add("Add", x, g.Scalar(3)), g.Scalar(0), g.Scalar(6));
        g.Output(form switch
        {
            "hardsigmoid" => g.Add("Mul", x, gate),
            "product first" => g.Add("Div", g.Add("Mul", x, gate), g.Scalar(6)),
            "gate first" => g.Add("Mul", g.Add("Div", gate, g.Scalar(6)), x),
            _ => g.Add("Mul", g.Scalar(1f / 6), g.Add("Mul", gate, x)),
        });
        Graph graph = g.Build();
        new HardSwishFusion().Apply(graph, 1);
        Assert.AreEqual("HardSwish", new DeadNodeRemoval().Apply(graph));
    }

    [TestMethod]
    public void Other_products_stay()
    {
        var g = new TestGraph();
        Value x = g.Input("x", -1, 8), z = g.Input("z", -1, 8);
        g.Output(g.Add("Mul", z, g.Add("HardSigmoid", [x], ("alpha", 1f / 6))));
        g.Output(g.Add("Mul", x, g.Add("HardSigmoid", [x], ("alpha", 0.2f))));
        Assert.AreEqual("HardSigmoid Mul HardSigmoid Mul", new HardSwishFusion().Apply(g.Build(), 0));
    }
}
