using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Operators.Convolution;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Operators.MatrixProducts;
using ModelOpt.Compiler.Operators.Movement;
using ModelOpt.Compiler.Operators.Pooling;
using ModelOpt.Compiler.Operators.Reduction;
using ModelOpt.Compiler.Tests.Techniques.Quantize;

namespace ModelOpt.Compiler.Tests.Operators.Contract;

[TestClass]
internal sealed class IntegerFormTests
{
    [TestMethod]
    [DataRow("Split")]
    [DataRow("Slice")]
    [DataRow("Gather")]
    [DataRow("Pad")]
    [DataRow("Squeeze")]
    [DataRow("Unsqueeze")]
    [DataRow("Reshape")]
    [DataRow("Shuffle")]
    public void A_mover_between_int8_layers_moves_int8(string mover)
    {
        var g = new TestGraph();
        Value conv = g.Add("Relu", g.Add(
            "Conv", [g.Input("x", 1, 3, 8, 8), g.Random(1, 8, 3, 3, 3), g.Random(2, 8)], ("pads", new[] { 1, 1, 1, 1 })));
        Value[] moved = mover switch
        {
            "Split" => [.. g.Node("Split", [conv, g.Longs(3, 5)], 2, ("axis", 1)).Outputs.OfType<Value>()],
            "Slice" => [g.Add("Slice", conv, g.Longs(2), g.Longs(8), g.Longs(1), g.Longs(2))],
            "Gather" => [g.Add("Gather", [conv, g.Longs(7, 0, 3)], ("axis", 1))],
            "Pad" => [g.Add("Pad", conv, g.Longs(0, 0, 2, 0, 0, 0, 1, 1))],
            "Squeeze" => [g.Add("Squeeze", g.Add("MaxPool", [conv], ("kernel_shape", new[] { 8, 1 })), g.Longs(2))],
            "Unsqueeze" => [g.Add("Unsqueeze", g.Add("Flatten", conv), g.Longs(2))],
            "Reshape" => [g.Add("Reshape", conv, g.Longs(1, 16, 4, 8))],
            _ => [g.Add("Reshape", g.Add("Transpose", [g.Add("Reshape", conv, g.Longs(1, 2, 4, 8, 8))], ("perm", new[] { 0, 2, 1, 3, 4 })),
                g.Longs(1, 8, 8, 8))],
        };
        for (int i = 0; i < moved.Length; i++)
        {
            ShapeInference.Run(g.Graph);
            int rank = moved[i].Shape!.Rank, channels = (int)moved[i].Shape![1].Size;
            g.Output(g.Add("Conv", moved[i], rank == 4 ? g.Random(3 + i, 4, channels, 1, 1) : g.Random(3 + i, 4, channels, 1)));
        }

        Graph graph = g.Build();
        graph.AssertArtifactsAgree();
        string[] operators = [.. LoweringTesting.Operators(Compile(graph).Tflite)];
        Assert.AreEqual(1, operators.Count(o => o == "QUANTIZE"), string.Join(' ', operators));
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void A_layer_of_one_output_channel_computes_on_integers(bool hasBias)
    {
        var g = new TestGraph();
        Value x = g.Input("x", -1, 3, 8, 8);
        Value one = hasBias ? g.Add("Conv", x, g.Random(1, 1, 3, 3, 3), g.Random(2, 1)) : g.Add("Conv", x, g.Random(1, 1, 3, 3, 3));
        g.Output(g.Add("Conv", one, g.Random(3, 4, 1, 3, 3), g.Random(4, 4)));
        // Bias correction gives the layer a bias where it has none.
        string[] operators = [.. LoweringTesting.Operators(Compile(g.Build()).Tflite)];
        Assert.AreEqual("QUANTIZE TRANSPOSE CONV_2D CONV_2D TRANSPOSE DEQUANTIZE", string.Join(' ', operators));
    }

    /// <summary>A network whose Split feeds two convolutions and a Concat: all three read other ranges.</summary>
    [TestMethod]
    public void A_Split_into_branches_of_other_ranges_keeps_them()
    {
        var g = new TestGraph();
        Value x = g.Add("Relu", g.Add(
            "Conv", [g.Input("x", 1, 3, 8, 8), g.Random(1, 8, 3, 3, 3), g.Random(2, 8)], ("pads", new[] { 1, 1, 1, 1 })));
        Node split = g.Node("Split", [x, g.Longs(3, 5)], 2, ("axis", 1));
        Value a = g.Add("Conv", split.Outputs[0], g.Random(3, 4, 3, 1, 1), g.Random(4, 4));
        Value b = g.Add("Conv", split.Outputs[1], g.Random(5, 4, 5, 1, 1), g.Random(6, 4));
        Value joined = g.Add("Conv", g.Add("Concat", [a, b, split.Outputs[0]], ("axis", 1)), g.Random(7, 6, 11, 1, 1), g.Random(8, 6));
        g.Output(g.Add("Gemm", [g.Add("Flatten", g.Add("GlobalAveragePool", joined)), g.Random(9, 5, 6), g.Random(10, 5)], ("transB", 1)));
        g.Build().AssertArtifactsAgree();
    }

    [TestMethod]
    [DataRow("C per row", "its C differs from row to row")]
    [DataRow("C of all", "its C differs from row to row")]
    [DataRow("alpha", "it has an alpha or beta")]
    [DataRow("beta", "it has an alpha or beta")]
    [DataRow("C per column", null)]
    [DataRow("one C", null)]
    public void A_Gemm_is_a_product_and_a_bias_per_column(string kind, string? reason)
    {
        var g = new TestGraph();
        Value c = kind switch { "C per row" => g.Random(3, 3, 1), "C of all" => g.Random(3, 3, 4), "one C" => g.Random(3, 1),
            _ => g.Random(3, 4) };
        (string, object)[] attributes = kind is "alpha" or "beta" ? [(kind, 0.5)] : [];
        g.Output(g.Add("Gemm", [g.Input("x", 3, 5), g.Random(2, 5, 4), c], attributes));
        Assert.AreEqual(reason, IntegerForm.WhyNot(g.Build().Nodes[0]));
    }

    [TestMethod]
    [DataRow("C per row")]
    [DataRow("C of all")]
    [DataRow("alpha")]
    [DataRow("beta")]
    [DataRow("transA")]
    [DataRow("computed C")]
    public void A_Gemm_of_any_form_multiplies_integers(string kind)
    {
        var g = new TestGraph();
        Value x = g.Add("Relu", g.Input("x", 1, 3, 5)), a = g.Add("Reshape", x, kind == "transA" ? g.Longs(5, 3) : g.Longs(3, 5));
        Value c = kind switch
        {
            "C per row" => g.Random(3, 3, 1), "C of all" => g.Random(3, 3, 4),
            "computed C" => g.Add("ReduceMean", [a, g.Longs(1)]), _ => g.Random(3, 4),
        };
        (string, object)[] attributes = kind is "alpha" or "beta" ? [(kind, 0.5)] : kind == "transA" ? [("transA", 1)] : [];
        g.Output(g.Add("Gemm", [a, g.Random(2, 5, 4), c], attributes));
        Graph graph = g.Build();
        graph.AssertArtifactsAgree();
        string[] operators = [.. LoweringTesting.Operators(Compile(graph).Tflite)];
        Assert.AreEqual(1, operators.Count(o => o == "QUANTIZE"), string.Join(' ', operators));
    }

    [TestMethod]
    public void Bounds_that_are_computed_leave_a_Clip_in_float()
    {
        var g = new TestGraph();
        Value conv = g.Add("Conv", g.Input("x", 1, 3, 6, 6), g.Random(1, 4, 3, 1, 1));
        Value high = g.Add("ReduceMean", [conv, g.Longs(0, 1, 2, 3)], ("keepdims", 0));
        g.Output(g.Add("Clip", conv, null, high));
        Graph graph = g.Build();
        Assert.AreEqual("its bounds are computed at run time", IntegerForm.WhyNot(graph.Nodes[^1]));
        graph.AssertArtifactsAgree();
    }

    [TestMethod]
    [DataRow("Add", 4096f, true)]
    [DataRow("Add", 4100f, false)]
    [DataRow("Sub", 4096f, true)]
    [DataRow("Sub", 1e6f, false)]
    [DataRow("Mul", 1e6f, true)]
    public void A_sum_much_finer_than_a_term_computes_in_float(string op, float term, bool isInteger)
    {
        var g = new TestGraph();
        Value a = g.Input("a", 1, 4), b = g.Input("b", 1, 4), sum = g.Add(op, a, b);
        g.Output(sum);
        Graph graph = g.Build();
        (a.Quantization, b.Quantization, sum.Quantization) = (Int8(1), Int8(term), Int8(1));
        Assert.AreEqual(isInteger, IntegerForm.Is(graph, graph.Nodes[0]));

        static Quantization Int8(float scale) => Quantization.PerTensor(ElementType.Int8, scale, 0);
    }

    [TestMethod]
    [DataRow(127f, true)]
    [DataRow(128f, false)]
    public void A_HardSwish_much_finer_than_its_input_computes_in_float(float step, bool isInteger)
    {
        var g = new TestGraph();
        Value x = g.Input("x", 1, 4), y = g.Add("HardSwish", x);
        g.Output(y);
        Graph graph = g.Build();
        x.Quantization = Quantization.PerTensor(ElementType.Int8, step / 1024, 127);
        y.Quantization = Quantization.PerTensor(ElementType.Int8, 1f / 1024, 0);
        Assert.AreEqual(isInteger, IntegerForm.Is(graph, graph.Nodes[0]));
    }

    private static CompiledModel Compile(Graph graph)
    {
        using var folder = new TempFolder();
        CompileOptions options = folder.Calibrated(graph).Options;
        return ModelCompiler.Compile(folder.Write("model.onnx", OnnxWriter.Write(graph)), options, new DiagnosticList());
    }
}
