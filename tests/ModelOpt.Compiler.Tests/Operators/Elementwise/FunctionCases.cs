namespace ModelOpt.Compiler.Tests.Operators.Elementwise;

/// <summary>Elements for functions of one number; gradients are <see cref="GradientTests"/>' matter.</summary>
internal static class FunctionCases
{
    /// <summary>Floats around halves, where roundings differ.</summary>
    public static Tensor Halves => Tensor.Of<float>([2, 5], [-2.5f, -1.5f, -0.5f, -0.2f, 0, 0.2f, 0.5f, 1.5f, 2.5f, 100.7f]);

    /// <summary>Pseudo-random floats in a range.</summary>
    public static Tensor Between(float low, float high)
    {
        var random = new Random(3);
        Tensor x = Tensor.Zeros(ElementType.Float32, [2, 5, 190]);
        foreach (ref float element in x.Span<float>()) element = low + (random.NextSingle() * (high - low));
        return x;
    }

    public static void AssertRefusesIntegers(string type) => Assert.AreEqual("MOPT2005", Node(type, [Tensor.Vector(1)]).InferError());
}
