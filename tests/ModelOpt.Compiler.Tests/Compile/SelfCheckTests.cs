using System.Runtime.InteropServices;
using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Emit.Reports;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Tests.Data;

namespace ModelOpt.Compiler.Tests.Compile;

[TestClass]
internal sealed class SelfCheckTests
{
    private static readonly PassContext Context = new(new CompileOptions(), new Recipe(), new DiagnosticList());

    [TestMethod]
    public void Files_that_compute_the_model_are_accepted()
    {
        Graph graph = Quantized(1);
        SelfCheck.Run(graph, Files(graph), Original(graph), Context);
    }

    [TestMethod]
    public void A_file_that_the_runtime_refuses_is_an_error()
    {
        Graph graph = Quantized(1);
        WrittenFiles files = Files(graph);
        byte[] damaged = files.Embedded[..(files.Embedded.Length / 2)];
        Assert.AreEqual("MOPT5601", Refusal(graph, files with { Embedded = damaged }, Original(graph)).Descriptor.Code);
    }

    [TestMethod]
    public void The_first_value_that_differs_is_named_with_its_layer()
    {
        Graph graph = Quantized(1);
        Diagnostic diagnostic = Refusal(graph, Files(graph) with { Onnx = OnnxWriter.Write(Quantized(2)) }, Original(graph));
        Assert.AreEqual(("MOPT5602", graph.Nodes[0].Label), (diagnostic.Descriptor.Code, diagnostic.Layer));
        StringAssert.Contains(diagnostic.Message, $"'{graph.Nodes[0].Output.Name}'");
    }

    [TestMethod]
    [DataRow(1f, null)]
    [DataRow(1.01f, "MOPT5604")]
    public void What_is_left_of_a_difference_of_equals_is_rounding(float factor, string? code)
    {
        Graph original = Difference((g, x) => g.Add("Div", g.Add("Add", g.Add("Add", x, x), x), g.Scalar(3)));
        Graph graph = Difference((g, x) => g.Add("Mul", x, g.Scalar(factor)));
        if (code is null) SelfCheck.Run(graph, Files(graph), original, Context with { Reference = graph });
        else Assert.AreEqual(code, Refusal(graph, Files(graph), original, graph).Descriptor.Code);

        static Graph Difference(Func<TestGraph, Value, Value> same)
        {
            var g = new TestGraph();
            Value x = g.Input("x", 1, 64);
            g.Output(g.Add("Sub", same(g, x), x));
            return g.Build();
        }
    }

    [TestMethod]
    [DataRow(0f, null)]
    [DataRow(1e-5f, "MOPT5602")]
    public void The_mean_of_normalized_numbers_is_zero_but_for_rounding(float fault, string? code)
    {
        Graph graph = Mean(0), other = Mean(fault);
        if (code is null) SelfCheck.Run(graph, Files(graph), graph, Context with { Reference = graph });
        else Assert.AreEqual(code, Refusal(graph, Files(graph) with { Onnx = OnnxWriter.Write(other) }, graph, graph).Descriptor.Code);

        static Graph Mean(float fault)
        {
            var g = new TestGraph();
            Value x = g.Add("MeanVarianceNormalization", g.Input("x", 1, 2, 5, 7));
            g.Output(g.Add("Add", g.Add("ReduceMean", [x, g.Longs(2, 3)], ("keepdims", 1)), g.Scalar(fault)));
            return g.Build();
        }
    }

    [TestMethod]
    public void What_is_not_a_number_is_compared_no_further()
    {
        Graph graph = Pooled(float.NaN);
        SelfCheck.Run(graph, Files(graph), Pooled(float.NaN), Context with { Reference = graph });
        Assert.AreEqual("MOPT5602", Refusal(graph, Files(graph) with { Onnx = OnnxWriter.Write(Pooled(5)) }, graph, graph).Descriptor.Code);

        static Graph Pooled(float last)
        {
            var g = new TestGraph();
            Value sum = g.Add("Add", g.Input("x", 1, 1, 2, 2), g.Constant(Tensor.Of<float>([1, 1, 2, 2], [1, 2, 3, last])));
            g.Output(g.Add("MaxPool", [sum], ("kernel_shape", new[] { 2, 2 })));
            return g.Build();
        }
    }

    [TestMethod]
    public void The_packed_form_is_what_is_checked()
    {
        Graph graph = Quantized(1);
        Diagnostic diagnostic = Refusal(graph, Files(graph) with { Embedded = Lowering.Write(Quantized(2)) }, Original(graph));
        Assert.AreEqual("MOPT5603", diagnostic.Descriptor.Code);
    }

    [TestMethod]
    public void A_file_that_does_not_do_what_the_quantized_original_does_is_an_error()
    {
        Graph graph = Quantized(1);
        Assert.AreEqual("MOPT5603", Refusal(graph, Files(graph), Original(Quantized(2))).Descriptor.Code);
    }

    [TestMethod]
    public void A_simplification_that_changes_the_function_is_an_error()
    {
        Graph graph = Float(1);
        Assert.AreEqual("MOPT5604", Refusal(graph, Files(graph), Float(2), reference: graph).Descriptor.Code);
        SelfCheck.Run(graph, Files(graph), Float(1), Context with { Reference = graph });
    }

    [TestMethod]
    public void A_model_that_does_not_take_the_sample_is_said_to_be_unverified()
    {
        var g = new TestGraph();
        Value index = g.Input("index", ElementType.Int64, 8);
        g.Output(g.Add("Gather", [g.Random(1, 1, 4), index], ("axis", 0)));
        Graph graph = g.Build();
        var diagnostics = new DiagnosticList();
        SelfCheck.Run(graph, Files(graph), graph, Context with { Diagnostics = diagnostics, Reference = graph });
        CollectionAssert.AreEqual(new[] { "MOPT5605" }, diagnostics.Diagnostics.Select(d => d.Descriptor.Code).ToArray());
    }

    [TestMethod]
    public void A_stored_value_that_the_onnx_does_not_name_is_said_to_be_unverified()
    {
        Graph graph = Quantized(1), renamed = Quantized(1);
        renamed.Nodes[0].Output.Name = "other";
        var diagnostics = new DiagnosticList();
        SelfCheck.Run(graph, Files(graph) with { Onnx = OnnxWriter.Write(renamed) }, Original(graph),
            Context with { Diagnostics = diagnostics });
        Diagnostic diagnostic = diagnostics.Diagnostics.Single();
        Assert.AreEqual(("MOPT5607", graph.Nodes[0].Label), (diagnostic.Descriptor.Code, diagnostic.Layer));
    }

    [TestMethod]
    [DataRow(1.2f, 0.2 / 1.2, null)]
    [DataRow(2f, 0.5, "MOPT5608")]
    public void What_compression_costs_is_measured_and_much_is_told(float scale, double error, string? code)
    {
        using var folder = new TempFolder();
        string data = folder.Write("x.npy", DataTesting.Npy("<f4", "1, 4", MemoryMarshal.AsBytes<float>([1, -2, 3, -4])));
        var diagnostics = new DiagnosticList();
        PassContext context = Context with
        {
            Options = new CompileOptions { CalibrationData = [data] }, Diagnostics = diagnostics, Reference = Scaled(scale),
        };
        Graph compressed = Scaled(1);
        OutputError measured = SelfCheck.Run(compressed, Files(compressed), Scaled(scale), context).Single();
        Assert.AreEqual(compressed.Outputs[0].Name, measured.Output);
        Assert.AreEqual(error, measured.Error, 1e-6);
        Assert.AreEqual(code, diagnostics.Diagnostics.SingleOrDefault()?.Descriptor.Code);

        static Graph Scaled(float scale)
        {
            var g = new TestGraph();
            g.Output(g.Add("Mul", g.Input("x", -1, 4), g.Scalar(scale)));
            return g.Build();
        }
    }

    private static Diagnostic Refusal(Graph graph, WrittenFiles files, Graph original, Graph? reference = null) =>
        Assert.ThrowsExactly<CompilationException>(
            () => SelfCheck.Run(graph, files, original, Context with { Reference = reference })).Diagnostic;

    private static WrittenFiles Files(Graph graph) => new(Lowering.Write(graph), OnnxWriter.Write(graph));

    private static Graph Original(Graph graph)
    {
        Graph original = OnnxReader.Read(OnnxWriter.Write(graph), foldsPairs: false);
        ShapeInference.Run(original, useStated: true);
        return original;
    }

    private static Graph Float(int seed)
    {
        var g = new TestGraph();
        Value hidden = g.Add("Gemm", g.Input("x", 1, 8), g.Random(seed, 8, 6));
        g.Output(g.Add("Gemm", g.Add("Tanh", hidden), g.Random(seed + 10, 6, 4)));
        return g.Build();
    }

    /// <summary>The same network with every activation on a grid.</summary>
    private static Graph Quantized(int seed)
    {
        Graph graph = Float(seed);
        graph.Inputs[0].Quantization = Quantization.PerTensor(ElementType.Int8, 2f / 255, 0);
        foreach (Node node in graph.Nodes)
            node.Output.Quantization = Quantization.PerTensor(ElementType.Int8, node.Type == "Tanh" ? 1f / 128 : 8f / 255, 0);
        return graph;
    }
}
