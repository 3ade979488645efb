using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Simplify;

namespace ModelOpt.Compiler.Tests.Simplify;

[TestClass]
internal sealed class DenseProductsTests
{
    [TestMethod]
    public void A_product_with_rows_of_several_axes_becomes_a_dense_layer_with_its_bias()
    {
        var g = new TestGraph();
        Value x = g.Input("x", -1, 3, 6);
        g.Output(g.Add("Relu", g.Add("Add", g.Random(2, 4), g.Add("MatMul", x, g.Random(1, 6, 4)))));
        g.Output(g.Add("MatMul", g.Input("y", 2, 3, 2, 6), g.Random(3, 6, 5)));
        Graph graph = g.Build();
        Assert.AreEqual("Reshape Gemm Reshape Relu Reshape Gemm Reshape", Apply(graph, new() { Sparsity = 0.5 }));
        Assert.HasCount(3, graph.Nodes[1].Inputs, "the bias");
        Assert.HasCount(2, graph.Nodes[5].Inputs);
        Assert.IsTrue(graph.Nodes.Where(n => n.Type == "Gemm").All(GemmCanonicalization.IsCanonical));
    }

    [TestMethod]
    public void What_is_no_bias_stays_behind()
    {
        var g = new TestGraph();
        Value y = g.Add("MatMul", g.Input("x", 2, 3, 4), g.Random(1, 4, 4));
        g.Output(g.Add("Add", y, g.Random(2, 3, 1)));
        Assert.AreEqual("Reshape Gemm Reshape Add", Apply(g.Build(), new() { Clusters = 16 }));
    }

    [TestMethod]
    public void Nothing_changes_where_no_technique_needs_it_and_where_sizes_are_open()
    {
        var g = new TestGraph();
        g.Output(g.Add("MatMul", g.Input("x", 2, 3, 4), g.Random(1, 4, 4)));
        Assert.AreEqual("MatMul", Apply(g.Build(), new()));
        var open = new TestGraph();
        Value x = new("x", ElementType.Float32, new Shape(new Dim(-1, "N"), new Dim(-1, "T"), 4));
        open.Graph.Inputs.Add(x);
        open.Output(open.Add("MatMul", x, open.Random(1, 4, 4)));
        Assert.AreEqual("MatMul", Apply(open.Build(), new() { Sparsity = 0.5 }));
    }

    /// <summary>Two dense layers of an encoder have the zeros and clusters that were asked for, in the file.</summary>
    [TestMethod]
    public void Products_take_part_in_sparsity_and_clustering()
    {
        var g = new TestGraph();
        Value y = g.Add("Relu", g.Add("MatMul", g.Input("x", -1, 3, 32), g.Random(1, 32, 64)));
        g.Output(g.Add("MatMul", y, g.Random(2, 64, 32)));
        Graph graph = g.Build();
        PassContext context = new(
            new CompileOptions { Sparsity = 0.5, Clusters = 16, Quantization = QuantizationMode.WeightOnlyInt8 }, new Recipe(),
            new DiagnosticList());
        PassPipeline.Simplify(graph, context);
        PassPipeline.Compress(graph, context);
        Value[] weights = [.. graph.Nodes.Where(n => n.Type == "Gemm").Select(n => n.Input(1))];
        Assert.HasCount(2, weights);
        foreach (Value weight in weights)
        {
            Assert.AreEqual(0, weight.Quantization!.Axis, "a scale for each output");
            Assert.AreEqual(0.5, weight.Constraints!.Mask!.Sparsity, 0.2);
            Assert.IsNotNull(weight.Constraints.Codebook);
        }

        ConstraintVerifier.Verify(graph, Lowering.Write(graph, default));
    }

    private static string Apply(Graph graph, CompileOptions options)
    {
        string signature = string.Join("; ", graph.Inputs.Concat(graph.Outputs));
        Dictionary<string, Tensor> feeds = graph.Feeds();
        Tensor[] before = graph.RunPeer(feeds, asWritten: true);
        new DenseProducts().Apply(graph, new PassContext(options, new Recipe(), new DiagnosticList()));
        ShapeInference.Run(graph);
        GraphVerifier.Verify(graph, nameof(DenseProducts));
        Assert.AreEqual(signature, string.Join("; ", graph.Inputs.Concat(graph.Outputs)));
        GraphTesting.AssertClose(before, graph.RunPeer(feeds, asWritten: true));
        GraphTesting.AssertClose(before, graph.Interpret(feeds));
        return graph.Types();
    }
}
