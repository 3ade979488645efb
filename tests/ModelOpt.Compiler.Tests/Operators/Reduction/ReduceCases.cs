namespace ModelOpt.Compiler.Tests.Operators.Reduction;

/// <summary>What all reductions share; gradients are <see cref="GradientTests"/>' matter.</summary>
internal static class ReduceCases
{
    /// <param name="type">The operator.</param>
    /// <param name="positive">Whether only sums of positive numbers have a result.</param>
    public static void AssertAgree(string type, bool positive = false)
    {
        Tensor x = TestGraph.RandomTensor(1, 2, 3, 4, 5);
        if (positive) foreach (ref float element in x.Span<float>()) element = MathF.Abs(element);
        Node(type, [x, Tensor.Vector(1L)]).AssertAgreesWithPeers(opset: 18);
        Node(type, [x, Tensor.Vector(-1L, 2L)], 1, ("keepdims", 0L)).AssertAgreesWithPeers(opset: 18);
        Node(type, [x]).AssertAgreesWithPeers();
    }

    public static void AssertIntegersAgree(string type)
    {
        foreach (ElementType element in new[] { ElementType.Int32, ElementType.Int64 })
        {
            Tensor x = Casting.To(Tensor.Of<int>([2, 3], [4, -2, 3, 7, 5, 6]), element);
            Node(type, [x, Tensor.Vector(1L)]).AssertAgreesWithPeers(opset: 18, liteRt: false);
        }
    }

    /// <summary>A reduction of the rows of a matrix of two columns.</summary>
    public static Node OfRows(string type, params float[] elements) =>
        Node(type, [Tensor.Of<float>([elements.Length / 2, 2], elements), Tensor.Vector(1L)]);

    public static void AssertRefusesOtherAxes(string type) =>
        Assert.AreEqual("MOPT2002", Node(type, [Floats(2, 3), Tensor.Vector(2L)]).InferError());
}
