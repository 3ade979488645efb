using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Techniques.Clustering;
using ModelOpt.Compiler.Tests.Simplify;
using ModelOpt.Compiler.Tests.Techniques.Quantize;

namespace ModelOpt.Compiler.Tests.Techniques.Clustering;

[TestClass]
internal sealed class ClusteringPassTests
{
    [TestMethod]
    [DataRow(QuantizationMode.Int8, ClusterScope.Tensor)]
    [DataRow(QuantizationMode.Int8, ClusterScope.Channel)]
    [DataRow(QuantizationMode.WeightOnlyInt8, ClusterScope.Tensor)]
    [DataRow(QuantizationMode.Float16, ClusterScope.Channel)]
    [DataRow(QuantizationMode.None, ClusterScope.Tensor)]
    public void The_file_holds_few_values_and_without_the_codebook_does_not(QuantizationMode mode, ClusterScope scope)
    {
        Graph graph = Clustered(new Recipe { Quantization = mode, Clusters = 8, ClusterScope = scope }, out PassContext context);
        Value[] weights = [.. graph.Values.Where(v => v.Constraints?.Codebook is not null)];
        Assert.IsGreaterThan(5, weights.Length);
        ConstraintVerifier.Verify(graph, QuantizedFile(graph, context));
        foreach (Value weight in weights) Assert.IsLessThanOrEqualTo(8, Most(weight, scope));

        // The same weights a little changed, as a later step would, with nothing to say that they are clustered.
        Graph careless = Clustered(new Recipe { Quantization = mode, Clusters = 8, ClusterScope = scope }, out context);
        Value[] changed = [.. careless.Values.Where(v => v.Constraints?.Codebook is not null)];
        var wanted = changed.ToDictionary(w => w, w => w.Constraints!);
        foreach (Value weight in changed)
        {
            weight.Constraints = null;
            weight.Constant = Tensor.Of<float>(
                weight.Constant!.Dims, [.. weight.Constant.Span<float>().ToArray().Select((w, i) => w * (1 + (i % 7 / 10f)))]);
        }

        byte[] file = QuantizedFile(careless, context);
        foreach ((Value weight, WeightConstraints constraints) in wanted) weight.Constraints = constraints;
        Assert.AreEqual("MOPT5504", Assert.ThrowsExactly<CompilationException>(
            () => ConstraintVerifier.Verify(careless, file)).Diagnostic.Descriptor.Code);
    }

    [TestMethod]
    public void Zeros_of_a_mask_stay_and_without_it_are_lost()
    {
        int[] masked = Zeros(keep: true), free = Zeros(keep: false);
        for (int i = 0; i < masked.Length; i++) Assert.AreEqual(0, masked[i]);
        Assert.IsGreaterThan(0, free.Sum());

        // How many of the masked elements are no longer zero, for each layer.
        static int[] Zeros(bool keep)
        {
            Graph graph = QuantizeTesting.Sample();
            PassContext context = new PassContext(
                QuantizeTesting.SampleOptions, new Recipe { Clusters = 5, ClusterScope = ClusterScope.Channel }, new DiagnosticList());
            context.Reference = graph.Clone();
            List<(Value Weight, bool[] Zeros)> masks = [];
            foreach (Node layer in graph.Nodes.Where(n => n.Type is "Conv" or "Gemm"))
            {
                Value weight = layer.Input(1);
                bool[] zeros = [.. Enumerable.Range(0, weight.Constant!.Count).Select(i => i % 3 == 0)];
                WeightConstraints constraints = new WeightConstraints().With(new Mask(zeros, SparsityPattern.Unstructured));
                weight.Constant = constraints.Project(weight.Constant);
                if (keep) weight.Constraints = constraints;
                masks.Add((weight, zeros));
            }

            new ClusteringPass().Apply(graph, context);
            return [.. masks.Where(m => m.Weight.Constraints?.Codebook is not null).Select(m =>
                m.Zeros.Where((z, i) => z && m.Weight.Constant!.Span<float>()[i] != 0).Count())];
        }
    }

    [TestMethod]
    public void Depthwise_and_small_layers_take_part_where_a_rule_names_them()
    {
        Graph graph = QuantizeTesting.Sample();
        Node depthwise = graph.Nodes.First(n => n.Type == "Conv" && n.Int("group", 1) > 1);
        Assert.IsNull(depthwise.Input(1).Constraints);
        Graph without = Clustered(new Recipe { Clusters = 8 }, out _);
        Assert.IsNull(without.Nodes.Single(n => n.Label == depthwise.Label).Input(1).Constraints);
        Graph with = Clustered(new Recipe { Layers = [new LayerRule(depthwise.Label) { Clusters = 8 }] }, out _);
        Assert.AreEqual(depthwise.Label, with.Nodes.Single(n => n.InputOrNull(1)?.Constraints is not null).Label);
        Assert.IsLessThanOrEqualTo(8, Most(with.Nodes.Single(n => n.Label == depthwise.Label).Input(1), ClusterScope.Tensor));
    }

    [TestMethod]
    public void The_fewest_clusters_are_possible()
    {
        // Fewer are refused before, by OptionChecks.
        foreach (bool masked in (bool[])[false, true])
        {
            int fewest = masked ? 3 : 2;
            Graph graph = QuantizeTesting.Sample();
            foreach (Node layer in graph.Nodes.Where(n => masked && n.Type is "Conv" or "Gemm"))
            {
                Value weight = layer.Input(1);
                weight.Constraints = new WeightConstraints().With(new Mask(
                    [.. Enumerable.Range(0, weight.Constant!.Count).Select(i => i % 2 == 0)], SparsityPattern.Unstructured));
                weight.Constant = weight.Constraints.Project(weight.Constant);
            }

            var context = new PassContext(new CompileOptions(), new Recipe { Clusters = fewest }, new DiagnosticList());
            Assert.IsGreaterThan(0, new ClusteringPass().Apply(graph, context).Changes);
            Assert.AreEqual(fewest, graph.Values.Where(v => v.Constraints?.Codebook is not null).Max(v => Most(v, ClusterScope.Tensor)));
        }
    }

    [TestMethod]
    public void Runs_give_the_same_and_another_seed_another()
    {
        float[] first = Weights(0), again = Weights(0), other = Weights(1);
        CollectionAssert.AreEqual(first, again);
        CollectionAssert.AreNotEqual(first, other);

        static float[] Weights(int seed) =>
            [.. Clustered(new Recipe { Clusters = 8, Seed = seed }, out _).Values
                .Where(v => v.Constraints is not null).SelectMany(v => v.Constant!.Span<float>().ToArray())];
    }

    /// <summary>The sample's network, clustered.</summary>
    private static Graph Clustered(Recipe recipe, out PassContext context)
    {
        Graph graph = QuantizeTesting.Sample();
        context = new PassContext(QuantizeTesting.SampleOptions, recipe, new DiagnosticList());
        context.Reference = graph.Clone();
        new ClusteringPass().Apply(graph, context);
        return graph;
    }

    private static byte[] QuantizedFile(Graph graph, PassContext context)
    {
        new ModelOpt.Compiler.Techniques.Quantize.Int8Quantization().Apply(graph, context);
        new ModelOpt.Compiler.Techniques.Quantize.WeightStorage().Apply(graph, context);
        return ModelOpt.Compiler.Operators.Contract.Lowering.Write(graph, default);
    }

    /// <summary>The number of distinct stored values, in the whole or at most in a channel.</summary>
    private static int Most(Value weight, ClusterScope scope)
    {
        double[] stored = weight.Quantization is { Type: ElementType.Int8 } grid
            ? [.. grid.Quantize(weight.Constant!).Span<sbyte>().ToArray().Select(q => (double)q)]
            : [.. weight.Constant!.Span<float>().ToArray().Select(w => (double)w)];
        int perChannel = scope == ClusterScope.Tensor ? stored.Length : stored.Length / weight.Constant!.Dims[0];
        return stored.Chunk(perChannel).Max(c => c.Distinct().Count());
    }
}
