using ModelOpt.Compiler.Simplify;

namespace ModelOpt.Compiler.Tests.Simplify;

[TestClass]
internal sealed class GeluFusionTests
{
    [TestMethod]
    [DataRow("gate first")]
    [DataRow("half of x first")]
    [DataRow("half of the gate first")]
    [DataRow("divided by two")]
    [DataRow("a product with the root")]
    public void The_forms_that_exporters_write_are_recognized(string form)
    {
        var g = new TestGraph();
        Value x = g.Input("x", -1, 8);
        Value gate = Gate(g, x, divides: form != "a product with the root");
        g.Output(form switch
        {
            "half of x first" => g.Add("Mul", g.Add("Mul", g.Scalar(0.5f), x), gate),
            "half of the gate first" => g.Add("Mul", x, g.Add("Mul", gate, g.Scalar(0.5f))),
            "divided by two" => g.Add("Div", g.Add("Mul", x, gate), g.Scalar(2)),
            _ => g.Add("Mul", g.Add("Mul", x, gate), g.Scalar(0.5f)),
        });
        Graph graph = g.Build();
        new GeluFusion().Apply(graph, 1);
        Assert.AreEqual("Gelu", new DeadNodeRemoval().Apply(graph));
    }

    [TestMethod]
    public void Other_products_stay()
    {
        AssertStays((g, x) => g.Add("Mul", g.Add("Mul", x, Gate(g, x)), g.Scalar(0.6f)));
        AssertStays((g, x) => g.Add("Mul", g.Add("Mul", g.Input("z", -1, 8), Gate(g, x)), g.Scalar(0.5f)));
        AssertStays((g, x) => g.Add("Div", g.Add("Mul", x, g.Scalar(0.5f)), Gate(g, x)));
        AssertStays((g, x) => g.Add("Div", g.Scalar(0.5f), g.Add("Mul", x, Gate(g, x))));
        AssertStays((g, x) => g.Add("Mul", g.Add("Mul", x, g.Add("Add", g.Add("Erf", x), g.Scalar(1))), g.Scalar(0.5f)));
    }

    [TestMethod]
    public void What_others_read_or_is_rounded_in_between_stays()
    {
        AssertStays((g, x) =>
        {
            Value gate = Gate(g, x);
            g.Output(gate);
            return g.Add("Mul", g.Add("Mul", x, gate), g.Scalar(0.5f));
        });
        AssertStays((g, x) =>
        {
            Value gate = Gate(g, x);
            gate.Quantization = Quantization.PerTensor(ElementType.Int8, 0.1f, 0);
            return g.Add("Mul", g.Add("Mul", x, gate), g.Scalar(0.5f));
        });
    }

    private static void AssertStays(Func<TestGraph, Value, Value> result)
    {
        var g = new TestGraph();
        g.Output(result(g, g.Input("x", -1, 8)));
        Assert.AreEqual(0, new GeluFusion().Apply(g.Build(), PassTesting.Context).Changes);
    }

    private static Value Gate(TestGraph g, Value x, bool divides = true)
    {
        Value scaled = divides ? g.Add("Div", x, g.Scalar(1.4142135f)) : g.Add("Mul", g.Scalar(0.70710677f), x);
        return g.Add("Add", g.Add("Erf", scaled), g.Scalar(1));
    }
}
