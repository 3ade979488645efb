using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Tests.Peers;

namespace ModelOpt.Compiler.Tests.Techniques.Quantize;

/// <summary>
/// Compiles models that are quantized already and compares what comes out with ONNX Runtime, which runs the model node by node
/// in float, without any optimization.
/// </summary>
internal static class QdqAgreement
{
    // Sums are taken on integers here and in float there, so an element that lies half way between two steps may round to either.
    private const double Ties = 0.02;

    /// <summary>Fails unless all artifacts compute what the model says.</summary>
    /// <param name="model">A model with one input <c>x</c> and one output.</param>
    /// <param name="step">The largest difference that a single rounding may make: a step of the output's grid. 0 where the output is in
    /// float.</param>
    /// <param name="optimized">
    /// The share of elements that may be a step off in ONNX Runtime with its optimizations, which change some models themselves;
    /// negative where that is not compared.
    /// </param>
    /// <param name="warnings">The codes about grids that compiling reports, in order.</param>
    public static CompiledModel AssertComputesTheSame(byte[] model, float step = 0, double optimized = Ties, params string[] warnings)
    {
        using var folder = new TempFolder();
        var diagnostics = new DiagnosticList();
        CompiledModel compiled = ModelCompiler.Compile(
            folder.Write("model.onnx", model), new CompileOptions { Quantization = QuantizationMode.None }, diagnostics);
        CollectionAssert.AreEqual(warnings,
            diagnostics.Diagnostics.Select(d => d.Descriptor.Code).Where(c => c is "MOPT4017" or "MOPT4018").ToArray());
        Graph graph = OnnxReader.Read(compiled.Onnx);
        ShapeInference.Run(graph);
        for (int seed = 1; seed < 4; seed++)
        {
            Dictionary<string, Tensor> feeds = graph.Feeds(seed);
            Tensor x = feeds["x"], expected = OnnxRuntime.Run(model, feeds, asWritten: true)[0];
            AssertNear(expected, TfliteRunner.Run(compiled.Tflite, x)[0], step, "the runtime");
            AssertNear(expected, TfliteRunner.RunLiteRt(compiled.Tflite, x)[0], step, "LiteRT");
            AssertNear(expected, OnnxRuntime.Run(compiled.Onnx, feeds, asWritten: true)[0], step, "ONNX Runtime on the .onnx");
            if (optimized >= 0) AssertNear(
                expected, GraphTesting.RunPeer(compiled.Onnx, feeds)[0], step, "ONNX Runtime, optimized", optimized);
            AssertNear(expected, new Interpreter(graph) { FakeQuantize = true }.Run(x)[0], step, "the interpreter");
        }

        return compiled;
    }

    private static void AssertNear(Tensor expected, Tensor actual, float step, string what, double share = Ties)
    {
        Assert.AreEqual(expected.Shape, actual.Shape, what);
        ReadOnlySpan<float> e = expected.Span<float>(), a = actual.Span<float>();
        float largest = 0;
        foreach (float value in e) largest = MathF.Max(largest, MathF.Abs(value));
        Assert.IsGreaterThan(0, largest, "the output is all zeros");
        int ties = 0;
        for (int i = 0; i < e.Length; i++)
        {
            float difference = MathF.Abs(a[i] - e[i]);
            if (difference <= 1e-4f * largest) continue;
            if (!(difference <= 1.001f * step)) Assert.Fail($"{what}: element {i} is {a[i]:R}, expected {e[i]:R}");
            ties++;
        }

        Assert.IsLessThanOrEqualTo(share * e.Length, ties, $"{what}: elements that are a step off");
    }
}
