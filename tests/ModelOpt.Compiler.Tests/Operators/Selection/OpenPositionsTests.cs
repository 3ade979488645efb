using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Onnx;

namespace ModelOpt.Compiler.Tests.Operators.Selection;

/// <summary>Gathers and scatters whose sizes are open compute what ONNX Runtime does, at any sizes.</summary>
[TestClass]
internal sealed class OpenPositionsTests
{
    private static readonly Dim N = new(-1, "N"), H = new(-1, "H"), W = new(-1, "W"), K = new(-1, "K");

    [TestMethod]
    [DataRow("GatherElements", 1, "none")]
    [DataRow("GatherElements", 0, "none")]
    [DataRow("ScatterElements", 1, "none")]
    [DataRow("ScatterElements", 2, "add")]
    public void Indices_along_an_axis(string type, int axis, string reduction)
    {
        Dim[] indices = axis == 0 ? [K, H, W] : axis == 1 ? [N, K, W] : [N, H, K];
        Check([N, H, W], indices, type.StartsWith('S') ? indices : null, g =>
        {
            (string, object)[] attributes = type.StartsWith('S') ? [("axis", axis), ("reduction", reduction)] : [("axis", axis)];
            return g.Add(type, [.. g.Graph.Inputs], attributes);
        }, (n, h, w, k) => axis == 0 ? [k, h, w] : axis == 1 ? [n, k, w] : [n, h, k], (n, h, w) => ((int[])[n, h, w])[axis]);
    }

    [TestMethod]
    [DataRow("GatherND", 0, "none")]
    [DataRow("GatherND", 1, "none")]
    [DataRow("ScatterND", 0, "none")]
    [DataRow("ScatterND", 0, "add")]
    public void Vectors_of_indices(string type, int batch, string reduction)
    {
        Dim[] indices = batch == 1 ? [N, K, 1] : [K, 2];
        Check([N, H, W], indices, type.StartsWith('S') ? [K, W] : null, g =>
        {
            (string, object)[] attributes = type.StartsWith('S') ? [("reduction", reduction)] : [("batch_dims", batch)];
            return g.Add(type, [.. g.Graph.Inputs], attributes);
        }, (n, h, w, k) => batch == 1 ? [n, k, 1] : [k, 2], (n, h, w) => Math.Min(n, batch == 1 ? h : Math.Min(n, h)));
    }

    /// <param name="below">How large indices are at most, of the sizes.</param>
    private static void Check(
        Dim[] data, Dim[] indices, Dim[]? updates, Func<TestGraph, Value> build, Func<int, int, int, int, int[]> sizes,
        Func<int, int, int, int> below)
    {
        var g = new TestGraph();
        Open(g.Input("x", [1, 1, 1]), data);
        Value i = g.Input("i", [.. indices.Select(_ => 1L)]);
        i.Type = ElementType.Int64;
        Open(i, indices);
        if (updates is not null) Open(g.Input("u", [.. updates.Select(_ => 1L)]), updates);
        g.Output(build(g));
        byte[] model = OnnxWriter.Write(g.Build());
        using var folder = new TempFolder();
        byte[] file = ModelCompiler.Compile(folder.Write("model.onnx", model),
            new CompileOptions { Quantization = QuantizationMode.None }, new DiagnosticList()).Tflite;
        foreach ((int n, int h, int w, int k) in ((int, int, int, int)[])[(2, 5, 3, 2), (3, 4, 7, 3), (1, 6, 2, 1)])
        {
            Tensor x = TestGraph.RandomTensor(7, n, h, w), at = Tensor.Zeros(ElementType.Int64, sizes(n, h, w, k));
            int most = below(n, h, w);
            for (int j = 0; j < at.Count; j++) at.Span<long>()[j] = j * 5 % most - (j % 2 == 0 ? 0 : most);
            Dictionary<string, Tensor> feeds = new() { ["x"] = x, ["i"] = at };
            if (updates is not null) feeds["u"] = TestGraph.RandomTensor(8, updates.Length == 2 ? [k, w] : sizes(n, h, w, k));
            GraphTesting.AssertClose(GraphTesting.RunPeer(model, feeds), TfliteRunner.Run(file, [.. feeds.Values]));
        }
    }

    private static void Open(Value value, Dim[] dims) => value.Shape = new Shape(dims);
}
