using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Tests.Peers;

namespace ModelOpt.Compiler.Tests;

/// <summary>Whole graphs, run here and in ONNX Runtime.</summary>
internal static class GraphTesting
{
    /// <summary>The path of a model or data file that the tests or the sample app bring.</summary>
    public static string Fixture(string name) => Path.Combine(AppContext.BaseDirectory, "Fixtures", name);

    /// <summary>The operators in graph order.</summary>
    public static string Types(this Graph graph) => string.Join(' ', graph.Nodes.Select(n => n.Type));

    /// <summary>Pseudo-random inputs in −1…1 (floats) or 0…255 (bytes); open sizes are 2.</summary>
    public static Dictionary<string, Tensor> Feeds(this Graph graph, int seed = 1)
    {
        var random = new Random(seed);
        return graph.Inputs.ToDictionary(i => i.Name, i =>
        {
            Tensor tensor = Tensor.Zeros(i.Type, [.. i.Shape!.Select(d => d.IsKnown ? (int)d.Size : 2)]);
            if (i.Type == ElementType.UInt8) random.NextBytes(tensor.Bytes.Span);
            else if (i.Type == ElementType.Float32)
                foreach (ref float element in tensor.Span<float>()) element = (random.NextSingle() * 2) - 1;
            return tensor;
        });
    }

    /// <summary>Runs a graph in the interpreter, in the graph's order of outputs.</summary>
    public static Tensor[] Interpret(this Graph graph, IReadOnlyDictionary<string, Tensor> feeds, bool fakeQuantize = false)
    {
        IReadOnlyDictionary<string, Tensor> results = new Interpreter(graph) { FakeQuantize = fakeQuantize }.Run(feeds);
        return [.. graph.Outputs.Select(o => results[o.Name])];
    }

    /// <summary>Runs a model in ONNX Runtime, in the model's order of outputs.</summary>
    public static Tensor[] RunPeer(byte[] model, IReadOnlyDictionary<string, Tensor> feeds) => OnnxRuntime.Run(model, feeds);

    /// <summary>Runs a graph, written as ONNX, in ONNX Runtime, in the graph's order of outputs.</summary>
    public static Tensor[] RunPeer(this Graph graph, IReadOnlyDictionary<string, Tensor> feeds, bool asWritten = false) =>
        OnnxRuntime.Run(OnnxWriter.Write(graph), feeds, asWritten);

    /// <summary>Fails the test unless tensors agree: types, shapes, and elements to a ten-thousandth of the largest.</summary>
    public static void AssertClose(Tensor[] expected, Tensor[] actual)
    {
        Assert.AreEqual(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.AreEqual(expected[i].Type, actual[i].Type, $"type of output {i}");
            Assert.AreEqual(expected[i].Shape, actual[i].Shape, $"shape of output {i}");
            if (expected[i].Type != ElementType.Float32)
            {
                Assert.IsTrue(expected[i].Bytes.Span.SequenceEqual(actual[i].Bytes.Span), $"output {i}");
                continue;
            }

            float[] e = expected[i].Span<float>().ToArray(), a = actual[i].Span<float>().ToArray();
            float scale = e.Select(MathF.Abs).DefaultIfEmpty().Max();
            float worst = e.Zip(a, (x, y) => MathF.Abs(x - y)).DefaultIfEmpty().Max();
            Assert.IsTrue(worst <= 1e-4f * scale, $"output {i} is off by {worst}; its largest element is {scale}");
        }
    }
}
