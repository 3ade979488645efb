using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Interpretation;

namespace ModelOpt.Compiler.Tests.Compile;

[TestClass]
internal sealed class StoredValuesTests
{
    private const int Layers = 20, Size = 8;

    [TestMethod]
    [DataRow(1L << 20, 1)]
    [DataRow(1L, 10)]
    public void Values_are_those_of_the_graph_in_however_many_runs(long leastBytes, int parts)
    {
        Graph graph = Chain();
        Tensor[] sample = [Sample(1)];
        Dictionary<string, Tensor> expected = new(StringComparer.Ordinal);
        new Interpreter(graph) { Hook = (value, tensor) => expected[value.Name] = tensor }.Run(sample);
        using var stored = new StoredValues(graph, leastBytes, long.MaxValue, default);
        Assert.AreEqual(parts, stored.Parts);
        stored.Begin(sample);
        // Forwards as a check asks, and back and forth.
        string[] names = [.. stored.All.Select(v => v.Name)];
        Assert.HasCount(Layers, names);
        IEnumerable<string> toAndFro = names.Zip(names.Reverse()).SelectMany(p => new[] { p.First, p.Second });
        foreach (string name in names.Concat(toAndFro))
        {
            Assert.IsTrue(stored.Has(name));
            CollectionAssert.AreEqual(expected[name].Span<float>().ToArray(), stored.Find(name)!.Span<float>().ToArray(), name);
        }

        Assert.IsFalse(stored.Has("x"));
        Assert.IsNull(stored.Find("x"), "an input is not computed");
    }

    [TestMethod]
    public void Another_sample_has_other_values()
    {
        Graph graph = Chain();
        using var stored = new StoredValues(graph, 1, long.MaxValue, default);
        foreach (int seed in (int[])[1, 2, 1])
        {
            Tensor[] sample = [Sample(seed)];
            stored.Begin(sample);
            Tensor expected = new Interpreter(graph, [graph.Nodes[0].Output]).Run(sample)[0];
            CollectionAssert.AreEqual(
                expected.Span<float>().ToArray(), stored.Find(graph.Nodes[0].Output.Name)!.Span<float>().ToArray());
            CollectionAssert.AreEqual(
                new Interpreter(graph).Run(sample)[0].Span<float>().ToArray(), stored.Outputs[0].Span<float>().ToArray());
        }
    }

    [TestMethod]
    public void Floats_that_do_not_fit_are_left_out()
    {
        Graph graph = Chain();
        using var stored = new StoredValues(graph, 1, 3 * Size * sizeof(float), default);
        stored.Begin([Sample(1)]);
        Value[] kept = [.. graph.Nodes.Select(n => n.Output).Where(v => !graph.IsOutput(v) && stored.Has(v.Name))];
        Assert.HasCount(3, kept);
        CollectionAssert.AreEqual(kept, stored.All.Where(v => !graph.IsOutput(v)).ToArray());
        Tensor expected = new Interpreter(graph, [kept[2]]).Run(Sample(1))[0];
        CollectionAssert.AreEqual(expected.Span<float>().ToArray(), stored.Find(kept[2].Name)!.Span<float>().ToArray());
    }

    private static Tensor Sample(int seed) =>
        Tensor.Of<float>([1, Size], [.. Enumerable.Range(0, Size).Select(i => MathF.Sin((seed * 10) + i))]);

    // Operators whose results do not depend on how they are computed.
    private static Graph Chain()
    {
        var graph = new TestGraph();
        Value x = graph.Input("x", 1, Size);
        for (int i = 0; i < Layers; i++) x = i % 2 == 0 ? graph.Add("Abs", x) : graph.Add("Sub", x, graph.Scalar(i));
        graph.Output(x);
        return graph.Build();
    }
}
