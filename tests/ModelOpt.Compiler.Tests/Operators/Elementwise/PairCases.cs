namespace ModelOpt.Compiler.Tests.Operators.Elementwise;

/// <summary>Pairs of elements for comparisons, logic and operators on bits.</summary>
internal static class PairCases
{
    public static void AssertComparisonsAgree(string type)
    {
        foreach (ElementType element in new[] { ElementType.Float32, ElementType.Int32, ElementType.Int64 })
        {
            Node(type, [Few(1, element, 3, 4, 5), Few(2, element, 4, 1)]).AssertAgreesWithPeers(fed: 2);
            Node(type, [Few(1, element, 3, 4, 5), Few(2, element)]).AssertAgreesWithPeers();
        }
    }

    public static void AssertBoolsAgree(string type) =>
        Node(type, [Few(1, ElementType.Bool, 3, 4, 5), Few(2, ElementType.Bool, 3, 1, 5)]).AssertAgreesWithPeers(fed: 2);

    public static void AssertBitsAgree(string type)
    {
        foreach (ElementType element in new[] { ElementType.UInt8, ElementType.Int16, ElementType.Int32, ElementType.Int64 })
        {
            Tensor a = Casting.To(Tensor.Vector(1L, 200, 77), element), b = Casting.To(Tensor.Vector(3L, 129, -1), element);
            Node(type, [a, b]).AssertAgreesWithPeers(fed: 2, opset: 18, liteRt: false);
        }
    }

    /// <summary>A node of all four pairs of bools: false and false, false and true, true and false, true and true.</summary>
    public static Node OfAllBools(string type) => Node(type, [Bools(0, 0, 1, 1), Bools(0, 1, 0, 1)]);

    public static Tensor Bools(params int[] elements) => Casting.To(Tensor.Vector<int>(elements), ElementType.Bool);

    public static void AssertRefusesMixedTypes(string type) =>
        Assert.AreEqual("MOPT2005", Node(type, [Tensor.Vector(1L), Tensor.Vector(1)]).InferError());

    /// <summary>Elements of few values, so that many pairs are equal.</summary>
    private static Tensor Few(int seed, ElementType type, params int[] dims)
    {
        var random = new Random(seed);
        Tensor x = Tensor.Zeros(ElementType.Int32, dims);
        foreach (ref int element in x.Span<int>()) element = type == ElementType.Bool ? random.Next(2) : random.Next(-2, 3);
        return Casting.To(x, type);
    }
}
