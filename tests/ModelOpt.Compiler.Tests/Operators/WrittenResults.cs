using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Onnx;

namespace ModelOpt.Compiler.Tests.Operators;

/// <summary>
/// A node's result, compared with numbers that a test writes out. Tests write about 7 digits, so floats agree within 1e-6, relative for
/// those above 1; NaN and infinities are themselves.
/// </summary>
internal static class WrittenResults
{
    /// <summary>Fails the test unless the operator gives these elements.</summary>
    public static void AssertGives<T>(this Node node, params T[] expected) where T : unmanaged =>
        AssertSame(node.Type, expected, node.Run()[0]);

    /// <summary>Fails the test unless the operator gives these bools.</summary>
    public static void AssertHolds(this Node node, params bool[] expected)
    {
        Tensor y = node.Run()[0];
        Assert.AreEqual(ElementType.Bool, y.Type, node.Type);
        CollectionAssert.AreEqual(Array.ConvertAll(expected, e => e ? (byte)1 : (byte)0), y.Bytes.ToArray(), node.Type);
    }

    /// <summary>
    /// Fails the test unless a model of the node gives these elements: for operators that reading replaces, and those that ONNX Runtime
    /// does not have.
    /// </summary>
    /// <param name="opset">The opset of the model.</param>
    public static void AssertModelGives(this Node node, int opset, params float[] expected) =>
        node.AssertModelGives(opset, liteRt: true, expected);

    /// <summary>The same for other types, or where LiteRT lacks an operator.</summary>
    /// <typeparam name="T">The type of the result.</typeparam>
    public static void AssertModelGives<T>(this Node node, int opset, bool liteRt, params T[] expected) where T : unmanaged
    {
        Graph graph = OnnxReader.Read(node.Model(opset, fed: 1));
        ShapeInference.Run(graph);
        Tensor x = node.Input(0).Constant!;
        AssertSame($"{node.Type}, interpreter", expected, new Interpreter(graph).Run(x)[0]);
        byte[] tflite = Lowering.Write(graph);
        AssertSame($"{node.Type}, runtime", expected, TfliteRunner.Run(tflite, [x])[0]);
        if (liteRt) AssertSame($"{node.Type}, LiteRT", expected, TfliteRunner.RunLiteRt(tflite, [x])[0]);
    }

    private static void AssertSame<T>(string what, T[] expected, Tensor y) where T : unmanaged
    {
        T[] actual = y.Span<T>().ToArray();
        Assert.AreEqual(expected.Length, actual.Length, what);
        for (int i = 0; i < expected.Length; i++)
        {
            bool isSame = expected[i].Equals(actual[i])
                || (expected[i] is float e && actual[i] is float a && MathF.Abs(a - e) <= 1e-6f * MathF.Max(1, MathF.Abs(e)));
            Assert.IsTrue(isSame, $"{what}: element {i} is {actual[i]}, expected {expected[i]}");
        }
    }
}
