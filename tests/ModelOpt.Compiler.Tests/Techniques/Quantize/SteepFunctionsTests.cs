using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Techniques.Quantize;

namespace ModelOpt.Compiler.Tests.Techniques.Quantize;

[TestClass]
internal sealed class SteepFunctionsTests
{
    /// <summary>Attention with a computed mask of −10⁴, over scores that are wide enough not to vanish beside it.</summary>
    [TestMethod]
    public void A_computed_mask_leaves_the_scores_their_steps()
    {
        var g = new TestGraph();
        Value x = g.Input("x", 1, 8);
        Value scores = g.Add("Mul", x, g.Scalar(60));
        Value mask = g.Add("Mul", g.Add("Sub", g.Scalar(1), g.Add("Ceil", g.Add("Relu", x))), g.Scalar(-10000));
        Value shares = g.Add("Softmax", g.Add("Add", scores, mask));
        g.Output(g.Add("MatMul", shares, g.Random(1, 8, 4)));
        CompiledModel model = Check(g.Build());
        Assert.AreEqual(SteepFunctions.Reason, model.Report.Layers.Single(l => l.Name == "Softmax").Reason);
        Assert.AreEqual(SteepFunctions.Reason, model.Report.Layers.Single(l => l.Name == "Add").Reason);
        Assert.AreEqual(8, model.Report.Layers.Single(l => l.Operator is "MatMul" or "Gemm").WeightBits);
    }

    /// <summary>The cell of an LSTM in which one number counts to hundreds, and the others are those that tanh tells apart.</summary>
    [TestMethod]
    public void Small_numbers_beside_a_large_one_reach_a_tanh()
    {
        var g = new TestGraph();
        Value x = g.Input("x", 1, 8);
        Value cell = g.Add("Add", g.Add("Mul", x, g.Floats(800, 1, 1, 1, 1, 1, 1, 1)), g.Add("Mul", x, x));
        g.Output(g.Add("MatMul", g.Add("Tanh", cell), g.Random(1, 8, 4)));
        CompiledModel model = Check(g.Build());
        Assert.AreEqual(SteepFunctions.Reason, model.Report.Layers.Single(l => l.Name == "Tanh").Reason);
    }

    [TestMethod]
    public void Behind_a_layer_nothing_would_be_gained()
    {
        var g = new TestGraph();
        Value wide = g.Add("Mul", g.Add("MatMul", g.Input("x", 1, 8), g.Random(1, 8, 4)), g.Scalar(1));
        g.Output(g.Add("Softmax", g.Add("MatMul", wide, g.Constant(Tensor.Of<float>([4, 2], [300, -300, 200, 90, 9, 60, 70, 300])))));
        Graph graph = g.Build();
        using var folder = new TempFolder();
        CompiledModel model = ModelCompiler.Compile(
            folder.Write("model.onnx", OnnxWriter.Write(graph)), folder.Calibrated(graph).Options, new DiagnosticList());
        Assert.IsNull(model.Report.Layers.Single(l => l.Operator == "Softmax").Reason);
    }

    private static CompiledModel Check(Graph graph)
    {
        using var folder = new TempFolder();
        CompiledModel model = ModelCompiler.Compile(
            folder.Write("model.onnx", OnnxWriter.Write(graph)), folder.Calibrated(graph).Options, new DiagnosticList());
        Tensor x = TestGraph.RandomTensor(7, 1, 8), exact = new Interpreter(graph).Run(x)[0];
        Assert.IsGreaterThan(25, QuantizeTesting.Sqnr(exact, TfliteRunner.Run(model.Tflite, x)[0]), "runtime");
        Assert.IsGreaterThan(25, QuantizeTesting.Sqnr(exact, TfliteRunner.RunLiteRt(model.Tflite, x)[0]), "LiteRT");
        Tensor peer = GraphTesting.RunPeer(model.Onnx, new Dictionary<string, Tensor> { ["x"] = x })[0];
        Assert.IsGreaterThan(25, QuantizeTesting.Sqnr(exact, peer), ".onnx");
        return model;
    }
}
