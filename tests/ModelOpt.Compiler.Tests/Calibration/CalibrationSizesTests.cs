using System.Runtime.InteropServices;
using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Tests.Data;
using ModelOpt.Compiler.Tests.Techniques.Quantize;
using ModelOpt.Runtime;

namespace ModelOpt.Compiler.Tests.Calibration;

/// <summary>Calibration data of several sizes: a model that leaves sizes open is calibrated with all of them.</summary>
[TestClass]
internal sealed class CalibrationSizesTests
{
    private static readonly Dim N = new(-1, "N"), H = new(-1, "H"), W = new(-1, "W"), T = new(-1, "T");

    [TestMethod]
    public void Ranges_are_those_of_all_samples()
    {
        using var folder = new TempFolder();
        string small = Samples(folder, "small.npy", 1, 4, 3, 12, 20), large = Samples(folder, "large.npy", 10, 2, 3, 25, 16);
        string model = folder.Write("model.onnx", Model([N, 3, H, W], Network));
        CompiledModel both = Compile(model, new() { CalibrationData = [small, large] });
        CompiledModel first = Compile(model, new() { CalibrationData = [small] });
        Assert.AreEqual(10, Math.Round(InputScale(both) / InputScale(first), 1), "the range of the second size");
        CollectionAssert.AreEqual((int[])[-1, 3, -1, -1], Shape(both));
        // The folder holds the same two files, in their order.
        folder.Write("all/1.npy", File.ReadAllBytes(small));
        folder.Write("all/2.npy", File.ReadAllBytes(large));
        CollectionAssert.AreEqual(both.Tflite, Compile(model, new() { CalibrationData = [folder["all"]] }).Tflite);
        foreach (int[] size in (int[][])[[1, 3, 12, 20], [2, 3, 25, 16], [1, 3, 7, 9]])
        {
            Tensor x = TestGraph.RandomTensor(7, size);
            // What small numbers are on the coarse grid costs much, so that layers stay in float.
            GraphTesting.AssertClose(
                GraphTesting.RunPeer(both.Onnx, new Dictionary<string, Tensor> { ["x"] = x }), TfliteRunner.Run(both.Tflite, x));
        }
    }

    [TestMethod]
    public void Images_may_have_any_size()
    {
        using var folder = new TempFolder();
        foreach ((int width, int height) in ((int, int)[])[(8, 6), (11, 6), (8, 17)])
        {
            byte[] image = PngWriter.Write(width, height, 2, (x, y, c) => ((31 * x) + (17 * y) + (80 * c)) % 256);
            folder.Write($"images/{width}x{height}.png", image);
        }

        string model = folder.Write("model.onnx", Model([N, 3, H, W], Network));
        CompiledModel compiled = Compile(model, new()
        {
            CalibrationData = [folder["images"]], InputType = ElementType.UInt8, InputMean = [100], InputStd = [50],
        });
        Tensor x = Tensor.Zeros(ElementType.UInt8, [1, 11, 9, 3]);
        new Random(5).NextBytes(x.Bytes.Span);
        QuantizeTesting.AssertAgree(compiled, "x", x);
    }

    [TestMethod]
    public void A_fixed_shape_refuses_other_sizes()
    {
        using var folder = new TempFolder();
        string[] data = [Samples(folder, "a.npy", 1, 1, 3, 12, 20), Samples(folder, "b.npy", 1, 1, 3, 25, 16)];
        string model = folder.Write("model.onnx", Model([N, 3, H, W], Network));
        AssertRefused("MOPT3012", new() { CalibrationData = data, InputShape = [new("x", [-1, 3, 12, 20])] });
        AssertRefused("MOPT3012", new() { CalibrationData = data, FineTune = FineTuneMode.Distill, Epochs = 1 });
        // One name is one size.
        string square = folder.Write("square.onnx", Model([N, 3, H, H], Network));
        AssertRefused("MOPT3012", new() { CalibrationData = data }, square);

        void AssertRefused(string code, CompileOptions options, string? file = null) => Assert.AreEqual(
            code, Assert.ThrowsExactly<CompilationException>(() => Compile(file ?? model, options)).Diagnostic.Descriptor.Code);
    }

    [TestMethod]
    [DataRow(0.3, 0.5, 16, 0.3)]
    [DataRow(null, 0.5, null, null)]
    public void Techniques_fit_to_samples_of_all_sizes(double? pruning, double? sparsity, int? clusters, double? decomposition)
    {
        using var folder = new TempFolder();
        string[] data = [Samples(folder, "a.npy", 1, 3, 3, 12, 20), Samples(folder, "b.npy", 1, 3, 3, 25, 16)];
        CompiledModel compiled = Compile(folder.Write("model.onnx", Model([N, 3, H, W], Network)), new()
        {
            CalibrationData = data, ChannelPruning = pruning, Sparsity = sparsity, Clusters = clusters, Decomposition = decomposition,
        });
        QuantizeTesting.AssertAgree(compiled, "x", TestGraph.RandomTensor(7, 1, 3, 9, 14));
    }

    [TestMethod]
    public void Tokens_of_any_number_attend_to_each_other()
    {
        using var folder = new TempFolder();
        string[] data = [Samples(folder, "a.npy", 1, 3, 5, 8), Samples(folder, "b.npy", 1, 2, 9, 8)];
        CompiledModel compiled = Compile(folder.Write("model.onnx", Model([N, T, 8], (g, x) =>
        {
            Value q = g.Add("MatMul", x, g.Random(1, 8, 8)), k = g.Add("MatMul", x, g.Random(2, 8, 8));
            Value scores = g.Add("Softmax", [g.Add("MatMul", q, g.Add("Transpose", [k], ("perm", (int[])[0, 2, 1])))], ("axis", -1));
            return g.Add("MatMul", g.Add("MatMul", scores, x), g.Random(3, 8, 8));
        })), new() { CalibrationData = data });
        QuantizeTesting.AssertAgree(compiled, "x", TestGraph.RandomTensor(7, 2, 12, 8));
    }

    private static float InputScale(CompiledModel compiled)
    {
        Graph written = OnnxReader.Read(compiled.Onnx);
        return written.Inputs[0].Quantization!.Scale;
    }

    private static int[] Shape(CompiledModel compiled)
    {
        using TfliteModel loaded = TfliteModel.Load(compiled.Tflite);
        return loaded.Inputs[0].Shape.ToArray();
    }

    private static CompiledModel Compile(string model, CompileOptions options) =>
        ModelCompiler.Compile(model, options, new DiagnosticList());

    private static string Samples(TempFolder folder, string name, float factor, params int[] dims)
    {
        float[] values = Array.ConvertAll(TestGraph.RandomTensor(dims[^1], dims).Span<float>().ToArray(), x => factor * x);
        // The same largest value in each file.
        (values[0], values[1]) = (4 * factor, -4 * factor);
        return folder.Write(name, DataTesting.Npy("<f4", string.Join(", ", dims), MemoryMarshal.AsBytes(values.AsSpan())));
    }

    private static byte[] Model(Dim[] dims, Func<TestGraph, Value, Value> build)
    {
        var g = new TestGraph();
        Value x = g.Input("x", [.. dims.Select(_ => 1L)]);
        x.Shape = new Shape(dims);
        g.Output(build(g, x));
        return OnnxWriter.Write(g.Build());
    }

    private static Value Network(TestGraph g, Value x)
    {
        Value y = g.Add("Relu", g.Add("Conv", [x, g.Random(1, 8, 3, 3, 3), g.Random(2, 8)], ("pads", (int[])[1, 1, 1, 1])));
        Value z = g.Add("Relu", g.Add("Conv", [y, g.Random(3, 8, 8, 3, 3), g.Random(4, 8)], ("pads", (int[])[1, 1, 1, 1]),
            ("strides", (int[])[2, 2])));
        return g.Add("Conv", z, g.Random(5, 4, 8, 1, 1), g.Random(6, 4));
    }
}
