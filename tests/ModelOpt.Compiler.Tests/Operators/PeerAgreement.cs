using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Simplify;
using ModelOpt.Compiler.Tests.Simplify;
using ModelOpt.Compiler.Tests.Tflite;

namespace ModelOpt.Compiler.Tests.Operators;

/// <summary>
/// Compares one node's results in the interpreter, in our runtime and in LiteRT with those of ONNX Runtime. Sums are taken
/// in different orders, so floats agree within 2e-5 of the largest; integers are the same.
/// </summary>
internal static class PeerAgreement
{
    /// <summary>Fails the test unless all agree.</summary>
    /// <param name="fed">How many inputs the caller feeds; the others are constants of the model.</param>
    /// <param name="opset">The opset whose form the node has.</param>
    /// <param name="liteRt">Whether LiteRT can run it, too.</param>
    public static void AssertAgreesWithPeers(this Node node, int fed = 1, int opset = Graph.WrittenOpset, bool liteRt = true)
    {
        string what = $"{node.Type} of {string.Join(", ", node.Inputs.Select(v => v?.Constant?.ToString()))}, "
            + string.Join(", ", node.Attributes.Select(a => $"{a.Key} = {Text(a.Value)}"));
        Tensor expected = node.RunPeer(opset, fed)[0];
        Tensor[] inputs = [.. node.Inputs.Take(fed).Select(v => v!.Constant!)];
        Graph graph = OnnxReader.Read(node.Model(opset, fed));
        ShapeInference.Run(graph);
        AssertClose(expected, new Interpreter(graph).Run(inputs)[0], $"interpreter: {what}");
        // TFLite has windows over images only; a ConvTranspose of volumes becomes a Conv of these first.
        Pass[] passes = [new VolumeConvolutions(), new VolumePools()];
        while (passes.Sum(p => p.Apply(graph, PassTesting.Context).Changes) > 0) ShapeInference.Run(graph);
        byte[] tflite = Lowering.Write(graph);
        AssertClose(expected, TfliteRunner.Run(tflite, inputs)[0], $"runtime: {what}");
        ForeignModel.AssertReadsBack(tflite, inputs, actual => AssertClose(expected, actual, $"read back: {what}"));
        if (liteRt) AssertClose(expected, TfliteRunner.RunLiteRt(tflite, inputs)[0], $"LiteRT: {what}");
    }

    private static void AssertClose(Tensor expected, Tensor actual, string what)
    {
        Assert.AreEqual(expected.Shape, actual.Shape, what);
        if (expected.Type != ElementType.Float32)
        {
            Assert.AreEqual(expected.Type, actual.Type, what);
            CollectionAssert.AreEqual(expected.Bytes.ToArray(), actual.Bytes.ToArray(), what);
            return;
        }

        ReadOnlySpan<float> e = expected.Span<float>(), a = actual.Span<float>();
        float largest = 0;
        foreach (float value in e) largest = MathF.Max(largest, MathF.Abs(value));
        for (int i = 0; i < e.Length; i++)
        {
            if (!(MathF.Abs(a[i] - e[i]) <= 2e-5f * largest)) Assert.Fail($"{what}: element {i} is {a[i]:R}, expected {e[i]:R}");
        }
    }

    private static string Text(object value) =>
        value is long[] numbers ? $"[{string.Join(", ", numbers)}]" : value.ToString()!;
}
