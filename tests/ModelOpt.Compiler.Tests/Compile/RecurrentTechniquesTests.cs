using System.Runtime.InteropServices;
using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Emit.Reports;
using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Simplify;
using ModelOpt.Compiler.Tests.Data;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;
using Graph = ModelOpt.Compiler.Graphs.Graph;
using Node = ModelOpt.Compiler.Graphs.Node;
using StoredNode = ModelOpt.Runtime.Model.Node;
using StoredTensor = ModelOpt.Runtime.Model.Tensor;
using Tensor = ModelOpt.Compiler.Graphs.Tensor;

namespace ModelOpt.Compiler.Tests.Compile;

/// <summary>
/// Pruning, clustering and training of recurrent layers, alone and together: what was applied is counted in the file, in both matrices.
/// </summary>
[TestClass]
internal sealed class RecurrentTechniquesTests
{
    private const int Steps = 6, Inputs = 16, Hidden = 32, Clusters = 16, Samples = 64;
    private const double Sparsity = 0.6;

    public static IEnumerable<object[]> Cases =>
        from layer in new[] { ("LSTM", 4, 1), ("LSTM", 4, 2), ("GRU", 3, 1), ("GRU", 3, 2), ("RNN", 1, 2) }
        from techniques in new[] { "s", "n", "c", "sc", "C", "sf", "scf", "ncf", "" }
        from mode in new[] { QuantizationMode.None, QuantizationMode.Float16, QuantizationMode.WeightOnlyInt8, QuantizationMode.Int8 }
        where layer is ("LSTM", _, 1) or ("GRU", _, 2) || (techniques is "s" or "c" or "scf" && mode != QuantizationMode.Float16)
        select new object[] { layer.Item1, layer.Item2, layer.Item3, techniques, mode };

    [TestMethod]
    [DynamicData(nameof(Cases))]
    public void What_was_applied_is_in_the_file(string type, int gates, int directions, string techniques, QuantizationMode mode)
    {
        using TempFolder folder = new();
        Graph graph = Network(type, gates, directions);
        PassContext context = new(Options(folder, techniques, mode), new Recipe(), new DiagnosticList());
        PassPipeline.Simplify(graph, context);
        IReadOnlyList<AppliedPass> passes = PassPipeline.Compress(graph, context);
        byte[] file = Lowering.Write(graph, default);
        ConstraintVerifier.Verify(graph, file);

        Node layer = graph.Nodes.Single(n => n.Type == type);
        foreach ((int input, float[] stored) in Stored(file))
        {
            int inputs = layer.Input(input).Constant!.Dims[2];
            double zeros = (double)stored.Count(v => v == 0) / stored.Length;
            bool isSparse = techniques.Contains('s'), isPatterned = techniques.Contains('n');
            Assert.AreEqual(isSparse, zeros > Sparsity - 0.001, $"{zeros:P0} of input {input} are zero");
            if (isPatterned)
                Assert.IsTrue(stored.Chunk(4).All(c => c.Count(v => v != 0) <= 2), $"2:4 of input {input}, rows of {inputs}");
            else if (!isSparse)
                Assert.IsFalse(stored.Chunk(4).All(c => c.Count(v => v != 0) <= 2), "nobody asked for zeros");
            int most = techniques.Contains('C') && directions == 1
                ? stored.Chunk(inputs).Max(c => c.Distinct().Count()) : stored.Distinct().Count();
            Assert.AreEqual(techniques.Contains('c') || techniques.Contains('C'), most <= Clusters, $"{most} values in input {input}");
        }

        Assert.AreEqual(techniques.Contains('f'), passes.Single(p => p.Name == "FineTuning").Notes.Count > 0);
        WeightStatistics statistics = WeightStatistics.Of(layer)!;
        Assert.AreEqual(directions * gates * Hidden * (Inputs + Hidden), statistics.Count);
        if (techniques.Contains('n')) Assert.AreEqual("2:4", $"{statistics.Pattern}");
    }

    [TestMethod]
    [DataRow("LSTM", 4, QuantizationMode.None)]
    [DataRow("LSTM", 4, QuantizationMode.WeightOnlyInt8)]
    [DataRow("GRU", 3, QuantizationMode.WeightOnlyInt8)]
    [DataRow("RNN", 1, QuantizationMode.None)]
    public void Training_brings_the_outputs_nearer_to_the_float_model(string type, int gates, QuantizationMode mode)
    {
        using TempFolder folder = new();
        CompileOptions sparse = Options(folder, "s", mode);
        (double without, Graph pruned) = Run(sparse);
        (double with, Graph trained) = Run(sparse with { FineTune = FineTuneMode.Distill });
        Assert.IsLessThan(without * 0.8, with, $"new sequences: {without}, {with}");
        Node[] layers = [.. new[] { pruned, trained }.Select(g => g.Nodes.Single(n => n.Type == type))];
        foreach (int input in new[] { 1, 2, 3 })
            Assert.IsFalse(layers[0].Input(input).Constant!.Bytes.Span.SequenceEqual(layers[1].Input(input).Constant!.Bytes.Span));

        (double Error, Graph Graph) Run(CompileOptions options)
        {
            Graph graph = Network(type, gates, 1);
            PassContext context = new(options, new Recipe(), new DiagnosticList());
            PassPipeline.Simplify(graph, context);
            PassPipeline.Compress(graph, context);
            Tensor x = TestGraph.RandomTensor(4, 100, Steps, Inputs);
            float[] wanted = new Interpreter(context.Reference!).Run(x)[0].Span<float>().ToArray();
            float[] computed = new Interpreter(graph).Run(x)[0].Span<float>().ToArray();
            return (wanted.Zip(computed, (w, c) => (double)(w - c) * (w - c)).Average(), graph);
        }
    }

    [TestMethod]
    public void Lost_zeros_are_told()
    {
        using TempFolder folder = new();
        Graph graph = Network("GRU", 3, 1);
        PassContext context = new(Options(folder, "s", QuantizationMode.None), new Recipe(), new DiagnosticList());
        PassPipeline.Simplify(graph, context);
        PassPipeline.Compress(graph, context);
        Value r = graph.Nodes.Single(n => n.Type == "GRU").Input(2);
        float[] changed = r.Constant!.Span<float>().ToArray();
        changed[Array.IndexOf(changed, 0)] = 1;
        r.Constant = Tensor.Of<float>(r.Constant.Dims, changed);
        CompilationException told = Assert.ThrowsExactly<CompilationException>(
            () => ConstraintVerifier.Verify(graph, Lowering.Write(graph, default)));
        Assert.AreEqual("MOPT5502", told.Diagnostic.Descriptor.Code);
    }

    [TestMethod]
    public void Channel_pruning_leaves_what_feeds_a_recurrent_layer()
    {
        using TempFolder folder = new();
        Graph graph = Network("LSTM", 4, 1);
        PassContext context = new(
            Options(folder, "", QuantizationMode.None) with { ChannelPruning = 0.1 }, new Recipe(), new DiagnosticList());
        PassPipeline.Simplify(graph, context);
        PassPipeline.Compress(graph, context);
        Node layer = graph.Nodes.Single(n => n.Type == "LSTM");
        Assert.IsLessThan(24, graph.Nodes[^1].Input(1).Constant!.Dims[1]);
        Assert.AreEqual((4 * Hidden, Hidden), (layer.Input(2).Constant!.Dims[1], layer.Input(2).Constant!.Dims[2]));
        ConstraintVerifier.Verify(graph, Lowering.Write(graph, default));
    }

    [TestMethod]
    public void Tables_of_embeddings_stay_as_they_are()
    {
        var g = new TestGraph();
        Value rows = g.Add("Gather", g.Random(1, 200, 32), g.Input("x", ElementType.Int64, -1, 4));
        g.Output(g.Add("Gemm", [g.Add("Flatten", rows), g.Random(2, 16, 128)], ("transB", 1)));
        Graph graph = g.Build();
        CompileOptions options = new() { Sparsity = 0.5, Clusters = Clusters, Quantization = QuantizationMode.WeightOnlyInt8 };
        PassContext context = new(options, new Recipe(), new DiagnosticList());
        PassPipeline.Simplify(graph, context);
        PassPipeline.Compress(graph, context);
        ConstraintVerifier.Verify(graph, Lowering.Write(graph, default));
        Value table = graph.Nodes.Single(n => n.Type == "Gather").Input(0);
        Assert.IsGreaterThan(Clusters, table.Constant!.Span<float>().ToArray().Distinct().Count());
        Assert.IsNull(table.Constraints?.Mask);
    }

    private static CompileOptions Options(TempFolder folder, string techniques, QuantizationMode mode)
    {
        Tensor x = TestGraph.RandomTensor(77, Samples, Steps, Inputs);
        string file = folder.Write(
            "x.npy", DataTesting.Npy("<f4", $"{Samples}, {Steps}, {Inputs}", MemoryMarshal.AsBytes(x.Span<float>())));
        CompileOptions options = new()
        {
            CalibrationData = [file], Quantization = mode, PruningCriterion = PruningCriterion.Magnitude, Epochs = 10, BatchSize = 16,
            LearningRate = 0.01,
        };
        if (techniques.Contains('s')) options = options with { Sparsity = Sparsity };
        if (techniques.Contains('n')) options = options with { SparsityPattern = new SparsityPattern(SparsityKind.NM, 2, 4) };
        if (techniques.Contains('c')) options = options with { Clusters = Clusters };
        if (techniques.Contains('C')) options = options with { Clusters = Clusters, ClusterScope = ClusterScope.Channel };
        if (techniques.Contains('f')) options = options with { FineTune = FineTuneMode.Distill };
        return options;
    }

    /// <summary>A recurrent layer between dense ones, of sequences.</summary>
    private static Graph Network(string type, int gates, int directions)
    {
        var g = new TestGraph();
        Value x = g.Add("Transpose", [g.Input("x", -1, Steps, Inputs)], ("perm", new[] { 1, 0, 2 }));
        Value y = g.Node(type, [x, Small(1, gates * Hidden, Inputs), Small(2, gates * Hidden, Hidden), Small(3, 2 * gates * Hidden)], 1,
            ("hidden_size", Hidden), ("direction", directions == 2 ? "bidirectional" : "forward")).Output;
        y = g.Add("Flatten", [g.Add("Transpose", [y], ("perm", new[] { 2, 0, 1, 3 }))], ("axis", 1));
        y = g.Add("Relu", g.Add("Gemm", [y, g.Random(4, 24, Steps * directions * Hidden), g.Random(5, 24)], ("transB", 1)));
        g.Output(g.Add("Gemm", [y, g.Random(6, 5, 24), g.Random(7, 5)], ("transB", 1)));
        return g.Build();

        Value Small(int seed, params int[] dims)
        {
            Tensor tensor = TestGraph.RandomTensor(seed, [directions, .. dims]);
            foreach (ref float w in tensor.Span<float>()) w *= 0.5f;
            return g.Constant(tensor, "w");
        }
    }

    /// <summary>Both matrices of the recurrent layer, as they are stored.</summary>
    private static IEnumerable<(int Input, float[] Stored)> Stored(byte[] tflite)
    {
        Runtime.Model.Graph file = GraphReader.Read(tflite);
        StoredNode layer = file.Nodes.Single(n => n.Operator is BuiltinOperator.LSTM or BuiltinOperator.GRU or BuiltinOperator.RNN);
        foreach (int input in new[] { 1, 2 })
        {
            StoredTensor weight = layer.Input(input);
            if (!weight.IsConstant) weight = file.Nodes.Single(n => n.Outputs[0] == weight).Input(0);
            yield return (input, weight.Type switch
            {
                TensorType.Int8 => [.. weight.Constant<sbyte>().ToArray().Select(q => (float)q)],
                TensorType.Float16 => [.. weight.Constant<Half>().ToArray().Select(h => (float)h)],
                _ => weight.Constant<float>().ToArray(),
            });
        }
    }
}
