using ModelOpt.Compiler.Simplify;

namespace ModelOpt.Compiler.Tests.Simplify;

[TestClass]
internal sealed class HardSwishFusionTests
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
    [DataRow("sum")]
    [DataRow("clip")]
    [DataRow("product")]
    [DataRow("sixth")]
    [DataRow("hardsigmoid")]
    public void What_is_rounded_in_between_stays(string rounded)
    {
        var g = new TestGraph();
        Value x = g.Input("x", -1, 8), sum = g.Add("Add", x, g.Scalar(3)), clip = g.Add("Clip", sum, g.Scalar(0), g.Scalar(6));
        Value product = g.Add("Mul", x, clip), sixth = g.Add("Div", clip, g.Scalar(6)),
            gate = g.Add("HardSigmoid", [x], ("alpha", 1f / 6), ("beta", 0.5f));
        g.Output(rounded switch
        {
            "hardsigmoid" => g.Add("Mul", x, gate),
            "sixth" => g.Add("Mul", x, sixth),
            _ => g.Add("Div", product, g.Scalar(6)),
        });
        Value value = rounded switch { "sum" => sum, "clip" => clip, "product" => product, "sixth" => sixth, _ => gate };
        value.Quantization = Quantization.PerTensor(ElementType.Int8, 0.1f, 0);
        Graph graph = g.Build();
        Assert.AreEqual(0, new HardSwishFusion().Apply(graph, PassTesting.Context).Changes);
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
