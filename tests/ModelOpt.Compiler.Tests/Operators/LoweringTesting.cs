using System.Runtime.InteropServices;
using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Tests.Peers;
using ModelOpt.Runtime;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Tests.Operators;

/// <summary>Graphs lowered to TFLite and run by LiteRT and by the runtime.</summary>
internal static class LoweringTesting
{
    /// <summary>An NCHW image that is stored channel last, as behind a convolution.</summary>
    public static Value ChannelLast(this TestGraph graph, long n, long c, long h, long w) =>
        graph.Add("Transpose", [graph.Input("x", n, h, w, c)], ("perm", new[] { 0, 3, 1, 2 }));

    /// <summary>
    /// Fails the test unless LiteRT and the runtime give, bit for bit, what the interpreter gives on pseudo-random inputs.
    /// </summary>
    /// <returns>The TFLite operators, in order.</returns>
    /// <param name="grid">The grid to round every float value to, or null to compute in float.</param>
    public static string AssertLowers(this TestGraph builder, Quantization? grid = null)
    {
        Graph graph = builder.Build();
        foreach (Value value in graph.Values.Where(v => v.Type == ElementType.Float32)) value.Quantization = grid;
        Tensor[] inputs = [.. graph.Inputs.Select((v, i) => OperatorTesting.Random(
            new Random(i), v.Type, [.. v.Shape!.Select(d => d.IsKnown ? (int)d.Size : 1)]))];
        Tensor[] expected = new Interpreter(graph) { FakeQuantize = grid is not null }.Run(inputs);
        byte[] tflite = Lowering.Write(graph);

        LiteRtTensor[] peer = LiteRt.Run(tflite, [.. inputs.Select(t => t.Bytes.ToArray())]);
        using TfliteModel model = TfliteModel.Load(tflite);
        using ModelCall call = model.Begin();
        for (int i = 0; i < inputs.Length; i++) SetInput(call, i, inputs[i]);
        call.Run();
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.AreEqual(graph.Outputs[i].Name, peer[i].Name);
            CollectionAssert.AreEqual(expected[i].Dims.ToArray(), peer[i].Shape, $"shape of output {i} in LiteRT");
            Assert.IsTrue(expected[i].Bytes.Span.SequenceEqual(peer[i].Data), $"output {i} is {Hex(peer[i].Data)} in LiteRT");
            byte[] own = new byte[expected[i].Bytes.Length];
            GetOutput(call, i, expected[i].Type, own);
            Assert.IsTrue(expected[i].Bytes.Span.SequenceEqual(own), $"output {i} is {Hex(own)} in the runtime");
        }

        return string.Join(' ', Operators(tflite));
    }

    /// <summary>The operators of a TFLite file, in order.</summary>
    public static IEnumerable<string> Operators(byte[] tflite)
    {
        ModelTable model = ModelTable.Open(tflite);
        var graph = new SubgraphTable(model.Subgraphs[0]);
        for (int i = 0; i < graph.Operators.Count; i++)
        {
            var op = new OperatorTable(graph.Operators[i]);
            yield return new OperatorCodeTable(model.OperatorCodes[(int)op.OpcodeIndex]).Operator.TfliteName();
        }
    }

    private static string Hex(byte[] bytes) => Convert.ToHexString(bytes.AsSpan(0, Math.Min(bytes.Length, 64)));

    private static void SetInput(ModelCall call, int index, Tensor tensor)
    {
        switch (tensor.Type)
        {
            case ElementType.Float32: call.SetInput<float>(index, tensor.Span<float>()); break;
            case ElementType.Int32: call.SetInput<int>(index, tensor.Span<int>()); break;
            case ElementType.Int64: call.SetInput<long>(index, tensor.Span<long>()); break;
            case ElementType.Bool: call.SetInput<bool>(index, MemoryMarshal.Cast<byte, bool>(tensor.Span<byte>())); break;
            default: throw new NotSupportedException($"Inputs of {tensor.Type}.");
        }
    }

    private static void GetOutput(ModelCall call, int index, ElementType type, Span<byte> bytes)
    {
        switch (type)
        {
            case ElementType.Float32: call.GetOutput(index, MemoryMarshal.Cast<byte, float>(bytes)); break;
            case ElementType.Int32: call.GetOutput(index, MemoryMarshal.Cast<byte, int>(bytes)); break;
            case ElementType.Int64: call.GetOutput(index, MemoryMarshal.Cast<byte, long>(bytes)); break;
            case ElementType.Bool: call.GetOutput(index, MemoryMarshal.Cast<byte, bool>(bytes)); break;
            default: throw new NotSupportedException($"Outputs of {type}.");
        }
    }
}
