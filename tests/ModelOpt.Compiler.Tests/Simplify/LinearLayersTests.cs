using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Simplify;

namespace ModelOpt.Compiler.Tests.Simplify;

[TestClass]
internal sealed class LinearLayersTests
{
    [TestMethod]
    public void A_product_of_rows_takes_its_bias_and_activation_and_computes_the_same()
    {
        var g = new TestGraph();
        Value x = g.Input("x", -1, 3, 6);
        g.Output(g.Add("Relu", g.Add("Add", g.Random(2, 4), g.Add("MatMul", x, g.Random(1, 6, 4)))));
        Graph graph = g.Build();
        Tensor input = g.Random(3, 2, 3, 6).Constant!;
        float[] wanted = new Interpreter(graph).Run(input)[0].Span<float>().ToArray();
        Assert.AreEqual("Reshape Gemm Relu Reshape", new LinearLayers().Apply(graph, 1));
        Tensor result = new Interpreter(graph).Run(input)[0];
        CollectionAssert.AreEqual(new[] { 2, 3, 4 }, result.Dims.ToArray());
        float[] got = result.Span<float>().ToArray();
        for (int i = 0; i < wanted.Length; i++) Assert.AreEqual(wanted[i], got[i], 1e-5f);
    }

    [TestMethod]
    public void Layers_of_one_tensor_share_its_rows()
    {
        var g = new TestGraph();
        Value x = g.Input("x", 1, 3, 6);
        g.Output(g.Add("MatMul", x, g.Random(1, 6, 4)));
        g.Output(g.Add("MatMul", x, g.Random(2, 6, 5)));
        Graph graph = g.Build();
        Assert.AreEqual("Reshape Gemm Reshape Gemm Reshape", new LinearLayers().Apply(graph, 2));
        Assert.IsTrue(graph.Nodes.Where(n => n.Type == "Gemm").All(GemmCanonicalization.IsCanonical));
    }

    [TestMethod]
    public void Several_open_sizes_are_computed()
    {
        var g = new TestGraph();
        g.Output(g.Add("MatMul", g.Input("x", -1, -1, 6), g.Random(1, 6, 4)));
        Graph graph = g.Build();
        Assert.AreEqual("Reshape Gemm Shape Concat Reshape", new LinearLayers().Apply(graph, 1));
        CollectionAssert.AreEqual(new[] { 5, 5, 4 }, new Interpreter(graph).Run(g.Random(3, 5, 5, 6).Constant!)[0].Dims.ToArray());
    }

    [TestMethod]
    public void A_sum_that_others_read_or_that_differs_from_row_to_row_stays_behind()
    {
        var g = new TestGraph();
        Value x = g.Input("x", -1, 3, 6), product = g.Add("MatMul", x, g.Random(1, 6, 4));
        g.Output(product);
        g.Output(g.Add("Add", product, g.Random(2, 4)));
        g.Output(g.Add("Add", g.Add("MatMul", x, g.Random(3, 6, 4)), g.Random(4, 3, 4)));
        Assert.AreEqual("Reshape Gemm Reshape Add Gemm Reshape Add", new LinearLayers().Apply(g.Build(), 2));
    }

    [TestMethod]
    public void Computed_matrices_and_others_of_more_axes_stay()
    {
        var g = new TestGraph();
        Value x = g.Input("x", -1, 3, 6);
        g.Output(g.Add("MatMul", x, g.Input("y", 6, 4)));
        g.Output(g.Add("MatMul", x, g.Random(1, 1, 6, 4)));
        Assert.AreEqual("MatMul MatMul", new LinearLayers().Apply(g.Build(), 0));
    }

    /// <summary>Two layers of an encoder have the zeros and clusters that were asked for, in the file.</summary>
    [TestMethod]
    public void Linear_layers_take_part_in_sparsity_and_clustering()
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
}
