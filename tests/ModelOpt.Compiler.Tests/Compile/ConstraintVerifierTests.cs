using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Techniques.Quantize;
using ModelOpt.Compiler.Tests.Techniques.Quantize;

namespace ModelOpt.Compiler.Tests.Compile;

/// <summary>The check of the written file, on a real network: convolutions, depthwise and dense.</summary>
[TestClass]
internal sealed class ConstraintVerifierTests
{
    private static readonly SparsityPattern TwoOfFour = new(SparsityKind.NM, 2, 4);

    [TestMethod]
    [DataRow(QuantizationMode.Int8)]
    [DataRow(QuantizationMode.WeightOnlyInt8)]
    [DataRow(QuantizationMode.Float16)]
    [DataRow(QuantizationMode.None)]
    public void Zeros_and_clusters_are_found_in_the_file(QuantizationMode mode)
    {
        Graph graph = Constrained();
        ConstraintVerifier.Verify(graph, Write(graph, mode));
    }

    [TestMethod]
    public void Lost_zeros_are_told() => AssertTold("MOPT5502", c => new WeightConstraints().With(c.Codebook!), (w, _) => w == 0 ? 10 : w);

    [TestMethod]
    public void Lost_clusters_are_told() =>
        AssertTold("MOPT5504", c => new WeightConstraints().With(c.Mask!), (w, i) => w * (1 + (i % 7 / 10f)));

    [TestMethod]
    public void A_broken_pattern_is_told()
    {
        var free = new Mask([.. Enumerable.Repeat(false, 8)], TwoOfFour);
        Assert.AreEqual("MOPT5503", Assert.ThrowsExactly<CompilationException>(() => ConstraintVerifier.Verify(
            "layer", new WeightConstraints(free), [1, 0, 2, 0, 1, 1, 1, 0], [2, 4])).Diagnostic.Descriptor.Code);
        ConstraintVerifier.Verify("layer", new WeightConstraints(free), [1, 0, 2, 0, 1, 1, 0, 0], [2, 4]);
        var half = new Mask([true, true, false, true], new SparsityPattern(SparsityKind.Block, 1, 2));
        Assert.AreEqual("MOPT5503", Assert.ThrowsExactly<CompilationException>(() => ConstraintVerifier.Verify(
            "layer", new WeightConstraints(half), [0, 0, 1, 0], [1, 4])).Diagnostic.Descriptor.Code);
    }

    [TestMethod]
    public void Another_weight_in_the_file_is_told()
    {
        Graph graph = Constrained();
        byte[] file = Write(graph, QuantizationMode.Int8);
        Value weight = graph.Nodes.First(n => n.Type == "Conv" && n.Int("group", 1) == 1 && n.Input(1).Shape![2].Size == 1).Input(1);
        byte[] stored = weight.Quantization!.Quantize(weight.Constant!).Bytes.ToArray();
        int at = file.AsSpan().IndexOf(stored);
        Assert.IsTrue(at >= 0, "a pointwise weight lies in the file as it is in the graph");
        file[at + Array.FindIndex(stored, b => b != 0)] ^= 1;
        Assert.AreEqual("MOPT5505", Assert.ThrowsExactly<CompilationException>(
            () => ConstraintVerifier.Verify(graph, file)).Diagnostic.Descriptor.Code);
    }

    /// <summary>
    /// Drops a constraint of every weight, changes the weights as a careless step would, and asks for all constraints of the file.
    /// </summary>
    private static void AssertTold(string code, Func<WeightConstraints, WeightConstraints> drop, Func<float, int, float> change)
    {
        Graph graph = Constrained();
        var asked = graph.Values.Where(v => v.Constraints is not null).ToDictionary(v => v, v => v.Constraints!);
        foreach ((Value value, WeightConstraints constraints) in asked)
        {
            Tensor changed = Tensor.Of<float>(value.Constant!.Dims, [.. value.Constant.Span<float>().ToArray().Select(change)]);
            value.Constraints = drop(constraints);
            value.Constant = value.Constraints.Project(changed);
        }

        byte[] file = Write(graph, QuantizationMode.Int8);
        foreach ((Value value, WeightConstraints constraints) in asked) value.Constraints = constraints;
        Assert.AreEqual(code, Assert.ThrowsExactly<CompilationException>(
            () => ConstraintVerifier.Verify(graph, file)).Diagnostic.Descriptor.Code);
    }

    /// <summary>The sample's network with 2:4 zeros and 9 values per output channel.</summary>
    private static Graph Constrained()
    {
        Graph graph = QuantizeTesting.Sample();
        foreach (Node layer in graph.Nodes.Where(n => n.Type is "Conv" or "Gemm"))
        {
            Value weight = layer.Input(1);
            int taps = weight.Constant!.Count / (weight.Constant.Dims[0] * weight.Constant.Dims[1]);
            var mask = new Mask([.. Enumerable.Range(0, weight.Constant.Count).Select(i => i / taps % weight.Constant.Dims[1] % 4 >= 2)],
                TwoOfFour);
            float most = weight.Constant.Span<float>().ToArray().Max(MathF.Abs);
            var codebook = new Codebook(9, ClusterScope.Channel, [[.. Enumerable.Range(-4, 9).Select(i => most * i / 4)]]);
            weight.Constraints = new WeightConstraints().With(mask).With(codebook);
            weight.Constant = weight.Constraints.Project(weight.Constant);
        }

        return graph;
    }

    private static byte[] Write(Graph graph, QuantizationMode mode)
    {
        PassContext context = new(QuantizeTesting.SampleOptions with { Quantization = mode }, new Recipe(), new DiagnosticList());
        new Int8Quantization().Apply(graph, context);
        new WeightStorage().Apply(graph, context);
        return Lowering.Write(graph);
    }
}
