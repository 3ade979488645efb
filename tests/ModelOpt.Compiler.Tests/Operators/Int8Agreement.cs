using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Tests.Data;
using ModelOpt.Compiler.Tests.Peers;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Tests.Operators;

/// <summary>
/// Compiles a model of one node to int8 and compares the two artifacts: the TFLite file in our runtime and the QDQ file in ONNX
/// Runtime give the same bits.
/// </summary>
internal static class Int8Agreement
{
    /// <summary>Fails the test unless both artifacts agree on fresh inputs.</summary>
    /// <param name="node">A node over constants, of which input 0 is fed.</param>
    /// <param name="integers">Whether the node itself is expected to run in integers.</param>
    /// <param name="opset">The opset whose form the node has.</param>
    /// <param name="steps">By how many steps of the output's grid an element may differ.</param>
    public static void AssertInt8Agrees(this Node node, bool integers = true, int steps = 0, int opset = Graph.WrittenOpset)
    {
        Tensor x = node.Input(0).Constant!;
        string what = $"{node.Type} of {x}";
        using var folder = new TempFolder();
        var random = new Random(3);
        int[] dims = x.Dims.ToArray();
        string data = folder.Write("data.npy", DataTesting.Npy(
            "<f4", string.Join(", ", [16, .. dims[1..]]), MemoryMarshal.AsBytes(Inputs(16 * x.Count).AsSpan()).ToArray()));
        CompiledModel model = ModelCompiler.Compile(
            folder.Write("model.onnx", node.Model(opset, fed: 1)),
            new CompileOptions { CalibrationData = [data] },
            new DiagnosticList());

        if (integers) AssertRunsInIntegers(model.Tflite, what);
        using InferenceSession session = OnnxRuntime.Load(model.Onnx);
        for (int run = 0; run < 4; run++)
        {
            Tensor input = Tensor.Of<float>(dims, Inputs(x.Count));
            Tensor expected = session.Run(new Dictionary<string, Tensor> { ["x0"] = input })[0];
            AssertSame(expected.Span<float>(), TfliteRunner.Run(model.Tflite, input)[0].Span<float>(), steps, what);
        }

        float[] Inputs(int count) => [.. Enumerable.Range(0, count).Select(_ => (random.NextSingle() * 8) - 3.5f)];
    }

    private static void AssertSame(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, int steps, string what)
    {
        float step = float.MaxValue;
        float[] sorted = [.. expected.ToArray().Order()];
        for (int i = 1; i < sorted.Length; i++)
            if (sorted[i] - sorted[i - 1] is > 1e-6f and float gap) step = Math.Min(step, gap);
        for (int i = 0; i < expected.Length; i++)
        {
            float allowed = steps == 0 ? 0 : steps * step * 1.01f;
            if (!(MathF.Abs(expected[i] - actual[i]) <= allowed))
                Assert.Fail($"{what}: element {i} is {actual[i]:R}, expected {expected[i]:R} (steps of {step:R})");
        }
    }

    /// <summary>Nothing but the model's input and output is float.</summary>
    private static void AssertRunsInIntegers(byte[] tflite, string what)
    {
        SubgraphTable graph = new(ModelTable.Open(tflite).Subgraphs[0]);
        int floats = 0;
        for (int i = 0; i < graph.Tensors.Count; i++)
            if (new TensorTable(graph.Tensors[i]).Type == TensorType.Float32) floats++;
        Assert.AreEqual(2, floats, $"{what}: float tensors");
    }
}
