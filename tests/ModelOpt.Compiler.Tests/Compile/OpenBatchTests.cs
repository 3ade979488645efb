using ModelOpt.Compiler.Compile;

namespace ModelOpt.Compiler.Tests.Compile;

[TestClass]
internal sealed class OpenBatchTests
{
    [TestMethod]
    [DataRow(new long[] { 1, 12 }, "Reshape")]
    [DataRow(new long[] { 1, -1 }, "Gemm")]
    public void A_model_whose_Reshape_says_1_takes_one_sample(long[] target, string layer)
    {
        Graph graph = Model(target);
        var notes = new DiagnosticList();
        OpenBatch.Close(graph, notes);
        Assert.AreEqual(new Shape(1, 3, 2, 2), graph.Inputs[0].Shape);
        Assert.AreEqual($"MOPT2010 {layer}", string.Join(", ", notes.Diagnostics.Select(d => $"{d.Descriptor.Code} {d.Layer}")));
        ShapeInference.Run(graph);
        Assert.AreEqual(new Shape(1, 5), graph.Outputs[0].Shape);
    }

    [TestMethod]
    [DataRow(new long[] { -1, 12 })]
    [DataRow(new long[] { 0, -1 })]
    public void A_batch_that_may_be_any_stays_open(long[] target)
    {
        Graph graph = Model(target);
        var notes = new DiagnosticList();
        OpenBatch.Close(graph, notes);
        Assert.IsFalse(graph.Inputs[0].Shape![0].IsKnown);
        Assert.IsEmpty(notes.Diagnostics);
    }

    private static Graph Model(long[] target)
    {
        var g = new TestGraph();
        Value x = g.Add("Reshape", g.Add("Relu", g.Input("x", -1, 3, 2, 2)), g.Longs(target));
        g.Output(g.Add("Gemm", x, g.Random(1, 12, 5)));
        return g.Build();
    }
}
