using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Techniques.Quantize;

namespace ModelOpt.Compiler.Tests.Techniques.Quantize;

[TestClass]
internal sealed class FarNumbersTests
{
    [TestMethod]
    [DataRow(-1e4f)]
    [DataRow(-1e9f)]
    [DataRow(float.MinValue)]
    [DataRow(float.NegativeInfinity)]
    public void Scores_that_are_not_masked_survive(float mask)
    {
        var g = new TestGraph();
        Value x = g.Add("MatMul", g.Input("x", 1, 6, 8), g.Random(1, 8, 8));
        Value scores = g.Add("Mul", g.Add("Add", x, g.Floats(0, mask, 0, 0, 0, mask, 0, 0)), g.Scalar(3));
        g.Output(g.Add("MatMul", g.Add("Softmax", [scores], ("axis", -1)), g.Random(2, 8, 4)));
        AssertNear(g.Build(), "MatMul", "MatMul_1");
    }

    [TestMethod]
    [DataRow(-1e5f)]
    [DataRow(float.MinValue)]
    [DataRow(float.NegativeInfinity)]
    public void A_border_that_never_is_the_largest_leaves_the_rest_its_steps(float border)
    {
        var g = new TestGraph();
        Value x = g.Add("Conv", g.Input("x", 1, 3, 6, 6), g.Random(1, 4, 3, 1, 1));
        Value padded = g.Add("Pad", g.Add("Transpose", [x], ("perm", new[] { 0, 1, 3, 2 })), g.Longs(0, 0, 1, 1, 0, 0, 1, 1),
            g.Scalar(border));
        Value pooled = g.Add("MaxPool", [padded], ("kernel_shape", new[] { 3, 3 }), ("strides", new[] { 2, 2 }), ("ceil_mode", 1));
        g.Output(g.Add("Conv", pooled, g.Random(2, 5, 4, 1, 1)));
        AssertNear(g.Build(), "Conv", "Conv_1");
    }

    [TestMethod]
    public void A_mask_that_is_computed_leaves_the_scores_their_steps()
    {
        var g = new TestGraph();
        Value x = g.Input("x", 1, 6, 8),
            mask = g.Add("Mul", g.Add("Relu", g.Add("Neg", g.Add("Slice", x, g.Longs(0), g.Longs(1), g.Longs(1)))), g.Scalar(-1e4f));
        Value weights = g.Add("Softmax", [g.Add("Add", g.Add("MatMul", x, g.Random(1, 8, 8)), mask)], ("axis", -1));
        g.Output(g.Add("MatMul", weights, g.Random(2, 8, 4)));
        AssertNear(g.Build(), "MatMul", "MatMul_1");
    }

    [TestMethod]
    public void A_mask_of_classes_that_became_a_bias_leaves_the_rest_their_steps()
    {
        var g = new TestGraph();
        Value x = g.Add("Relu", g.Add("Gemm", g.Input("x", 1, 12), g.Random(1, 12, 16)));
        g.Output(g.Add("Softmax", g.Add("Add", g.Add("Gemm", x, g.Random(2, 16, 5)), g.Floats(0, -1e9f, 0, 0, -1e9f))));
        AssertNear(g.Build(), "Gemm");
    }

    [TestMethod]
    public void A_residual_that_is_far_larger_stays_in_int8()
    {
        var g = new TestGraph();
        Value x = g.Add("MatMul", g.Input("x", 1, 6, 8), g.Random(1, 8, 8));
        Value sum = g.Add("Add", g.Add("Mul", x, g.Scalar(1e4f)), g.Add("Tanh", x));
        g.Output(g.Add("Relu", sum));
        g.Output(g.Add("Softmax", [g.Add("MatMul", sum, g.Random(2, 8, 4))], ("axis", -1)));
        Graph graph = g.Build();
        Assert.IsEmpty(FarNumbers.Find(graph, graph.Scheme(), v => new(-1, v == sum || v.Producer == null ? 2e4f : 1)));
    }

    [TestMethod]
    public void Infinities_that_are_cut_off_have_no_grid()
    {
        var g = new TestGraph();
        Value x = g.Add("MatMul", g.Input("x", 1, 6, 8), g.Random(1, 8, 8));
        Value y = g.Add("Min", g.Add("Add", x, g.Floats(0, 0, float.PositiveInfinity, 0, 0, 0, 0, 0)), g.Scalar(1));
        g.Output(g.Add("MatMul", y, g.Random(2, 8, 4)));
        AssertNear(g.Build(), "MatMul", "MatMul_1");
    }

    [TestMethod]
    public void Factors_near_constants_and_numbers_that_are_none_are_not_meant()
    {
        var g = new TestGraph();
        Value x = g.Add("MatMul", g.Input("x", 1, 6, 8), g.Random(1, 8, 8));
        g.Output(g.Add("MatMul", g.Add("Add", g.Add("Mul", x, g.Scalar(1e4f)), g.Scalar(20)), g.Random(2, 8, 4)));
        g.Output(g.Add("Mul", x, g.Scalar(float.NaN)));
        Graph graph = g.Build();
        Assert.IsEmpty(FarNumbers.Infinite(graph));
        Assert.IsEmpty(FarNumbers.Find(graph, graph.Scheme(), v => new(0, v.Producer?.Type is "Mul" or "Add" ? 2e4f : 2)));
        // The training failed where a weight is infinite.
        var broken = new TestGraph();
        broken.Output(broken.Add("MatMul", broken.Input("x", 1, 2),
            broken.Constant(Tensor.Of<float>([2, 1], [1, float.PositiveInfinity]))));
        Assert.IsEmpty(FarNumbers.Infinite(broken.Build()));
    }

    /// <summary>Fails unless all artifacts are near the float model and the named layers are int8.</summary>
    private static void AssertNear(Graph graph, params string[] layers)
    {
        using var folder = new TempFolder();
        CompiledModel model = ModelCompiler.Compile(
            folder.Write("model.onnx", OnnxWriter.Write(graph)), folder.Calibrated(graph).Options, new DiagnosticList());
        Tensor x = TestGraph.RandomTensor(7, [.. graph.Inputs[0].Shape!.Select(d => (int)d.Size)]),
            exact = new Interpreter(graph).Run(x)[0];
        foreach (Tensor result in new[]
        {
            TfliteRunner.Run(model.Tflite, x)[0], TfliteRunner.RunLiteRt(model.Tflite, x)[0],
            GraphTesting.RunPeer(model.Onnx, new Dictionary<string, Tensor> { ["x"] = x })[0],
        })
            Assert.IsGreaterThan(28, QuantizeTesting.Sqnr(exact, result));
        Graph written = OnnxReader.Read(model.Onnx);
        foreach (string layer in layers) Assert.IsNotNull(written.Nodes.Single(n => n.Label == layer).Output.Quantization, layer);
    }
}
