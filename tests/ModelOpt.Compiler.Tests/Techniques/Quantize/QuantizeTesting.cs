using System.Runtime.InteropServices;
using ModelOpt.Compiler.Calibration;
using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Data;
using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Techniques.Quantize;
using ModelOpt.Compiler.Tests.Data;
using ModelOpt.Compiler.Tests.Simplify;

namespace ModelOpt.Compiler.Tests.Techniques.Quantize;

/// <summary>Small graphs and the sample's model, quantized with data made for them.</summary>
internal static class QuantizeTesting
{
    /// <summary>The sample app's model with its calibration images.</summary>
    public static string SampleModel { get; } = GraphTesting.Fixture("fashion_mobilenet.onnx");

    public static CompileOptions SampleOptions { get; } = new()
    {
        CalibrationData = [GraphTesting.Fixture("calibration.npy")],
        CalibrationSamples = 16,
        InputMean = [0],
        InputStd = [255],
    };

    public static PassContext SampleContext { get; } = new(SampleOptions, new Recipe(), new DiagnosticList());

    /// <summary>The sample app's model, simplified.</summary>
    public static Graph Sample()
    {
        Graph graph = OnnxReader.Read(File.ReadAllBytes(SampleModel));
        ShapeInference.Run(graph, useStated: true);
        PassPipeline.Simplify(graph, SampleContext);
        return graph;
    }

    /// <summary>A test image of the sample app, as the model takes it.</summary>
    public static Tensor[] Images(int count)
    {
        var input = new TensorSignature("image", ElementType.Float32, new Shape([new Dim(-1, "N"), 1, 28, 28]));
        using InputSamples images = InputSamples.Open(
            [GraphTesting.Fixture("test_images.npy")], input, new SampleFormat([0], [255], DataLayout.Auto));
        return [.. Enumerable.Range(0, count).Select(images.Read)];
    }

    /// <summary>Options with 32 samples in <paramref name="low"/>…1 for a graph's only input.</summary>
    public static PassContext Calibrated(this TempFolder folder, Graph graph, float low = -1, Recipe? recipe = null)
    {
        int[] dims = [.. graph.Inputs[0].Shape!.Skip(1).Select(d => (int)d.Size)];
        Tensor data = TestGraph.RandomTensor(77, [32, .. dims]);
        foreach (ref float x in data.Span<float>()) x = low + ((x + 1) / 2 * (1 - low));
        string file = folder.Write("data.npy", DataTesting.Npy(
            "<f4", string.Join(", ", data.Dims.ToArray()), MemoryMarshal.AsBytes(data.Span<float>())));
        return new(new CompileOptions { CalibrationData = [file] }, recipe ?? new Recipe(), new DiagnosticList());
    }

    /// <summary>The scheme with nothing excluded.</summary>
    public static QuantizationScheme Scheme(this Graph graph) => QuantizationScheme.Of(graph, _ => null);

    /// <summary>Annotates a graph with the extremes that it takes on one batch.</summary>
    public static void Annotate(this Graph graph, params Tensor[] batch)
    {
        QuantizationScheme scheme = graph.Scheme();
        Dictionary<Value, ActivationStatistics> statistics = scheme.Activations.ToDictionary(v => v, _ => new ActivationStatistics());
        new Interpreter(graph, scheme.Activations)
        {
            Hook = (value, tensor) => statistics.GetValueOrDefault(value)?.Add(tensor.Span<float>()),
        }.Run(batch);
        GridAnnotation.Apply(graph, scheme, v => RangeEstimator.Estimate(statistics[v], CalibrationMethod.MinMax));
    }

    /// <summary>The signal-to-noise ratio of what quantization did to the first output, in decibels.</summary>
    public static double Sqnr(Tensor exact, Tensor quantized)
    {
        ReadOnlySpan<float> e = exact.Span<float>(), q = quantized.Span<float>();
        double signal = 0, noise = 0;
        for (int i = 0; i < e.Length; i++) (signal, noise) = (signal + ((double)e[i] * e[i]), noise + Math.Pow(e[i] - q[i], 2));
        return 10 * Math.Log10(signal / noise);
    }

    /// <summary>Compiles a graph of one input and fails unless our runtime, ONNX Runtime and LiteRT give the same bits.</summary>
    /// <param name="nodes">How many nodes of each type the written ONNX file must have, so that it is the case that is meant.</param>
    public static void AssertArtifactsAgree(this Graph graph, params (string Type, int Count)[] nodes)
    {
        using var folder = new TempFolder();
        CompileOptions options = folder.Calibrated(graph).Options;
        CompiledModel model = ModelCompiler.Compile(
            folder.Write("model.onnx", OnnxWriter.Write(graph)), options, new DiagnosticList());
        Graph written = OnnxReader.Read(model.Onnx);
        foreach ((string type, int count) in nodes) Assert.HasCount(count, written.Nodes.Where(n => n.Type == type), type);
        for (int seed = 0; seed < 2; seed++)
        {
            Tensor x = TestGraph.RandomTensor(seed, [1, .. graph.Inputs[0].Shape!.Skip(1).Select(d => (int)d.Size)]);
            AssertAgree(model, graph.Inputs[0].Name, x);
            CollectionAssert.AreEqual(
                TfliteRunner.Run(model.Tflite, x)[0].Span<float>().ToArray(),
                TfliteRunner.RunLiteRt(model.Tflite, x)[0].Span<float>().ToArray());
        }
    }

    /// <summary>Fails unless the artifacts of a model give the same bits in our runtime and in ONNX Runtime.</summary>
    public static void AssertAgree(CompiledModel model, string input, Tensor x)
    {
        Tensor[] expected = GraphTesting.RunPeer(model.Onnx, new Dictionary<string, Tensor> { [input] = x });
        Tensor[] actual = TfliteRunner.Run(model.Tflite, x);
        for (int i = 0; i < expected.Length; i++)
            CollectionAssert.AreEqual(expected[i].Span<float>().ToArray(), actual[i].Span<float>().ToArray());
    }
}
