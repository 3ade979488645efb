using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Passes.Quantize;

namespace ModelOpt.Compiler.Tests.Passes.Quantize;

[TestClass]
public sealed class RequantizationTests
{
    [TestMethod]
    public void A_Sigmoid_keeps_its_grid_and_a_Concat_its_own()
    {
        Graph graph = SigmoidIntoConcat(reshaped: false);
        using var folder = new TempFolder();
        new Int8Quantization().Apply(graph, folder.Calibrated(graph));
        Assert.AreEqual("Conv Sigmoid Conv Identity Concat", graph.Types());
        Node concat = graph.Nodes[^1];
        Assert.AreEqual(Quantization.PerTensor(ElementType.Int8, 1f / 256, -128), graph.Nodes[1].Output.Quantization);
        Quantization shared = concat.Output.Quantization!;
        Assert.AreNotEqual(graph.Nodes[1].Output.Quantization, shared);
        Assert.IsTrue(concat.Inputs.All(i => i!.Quantization == shared));
        // The convolution reaches beyond 0…1, so its grid must.
        Assert.IsGreaterThan(1.5f, 255 * shared.Scale);
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void The_artifacts_agree(bool reshaped) => SigmoidIntoConcat(reshaped).AssertArtifactsAgree();

    [TestMethod]
    public void The_prescribed_grid_is_seen_through_movers()
    {
        Graph graph = SigmoidIntoConcat(reshaped: true);
        Assert.AreEqual(1, Requantization.Insert(graph, _ => true).Count);
        Assert.AreEqual("Conv Sigmoid Transpose Conv Identity Concat", graph.Types());
    }

    [TestMethod]
    public void A_Concat_in_float_or_of_calibrated_values_stays()
    {
        Assert.AreEqual(0, Requantization.Insert(SigmoidIntoConcat(reshaped: false), n => n.Type != "Concat").Count);
        var g = new TestGraph();
        Value x = g.Input("x", -1, 2, 4, 4);
        g.Output(g.Add("Concat", [x, g.Add("Relu", x)], ("axis", 1)));
        Assert.AreEqual(0, Requantization.Insert(g.Build(), _ => true).Count);
    }

    private static Graph SigmoidIntoConcat(bool reshaped)
    {
        var g = new TestGraph();
        Value x = g.Input("x", -1, 3, 5, 5);
        Value gate = g.Add("Sigmoid", g.Add("Conv", x, g.Random(1, 4, 3, 1, 1)));
        if (reshaped) gate = g.Add("Transpose", [gate], ("perm", new[] { 0, 1, 3, 2 }));
        g.Output(g.Add("Concat", [gate, g.Add("Conv", x, g.Random(2, 4, 3, 1, 1))], ("axis", 1)));
        return g.Build();
    }
}
