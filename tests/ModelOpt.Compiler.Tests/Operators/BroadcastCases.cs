namespace ModelOpt.Compiler.Tests.Operators;

/// <summary>Shapes that broadcast to each other, for all elementwise operators of two inputs.</summary>
internal static class BroadcastCases
{
    private static readonly ElementType[] Types =
    [
        ElementType.Float32, ElementType.Float64, ElementType.Float16, ElementType.Int32, ElementType.Int64,
        ElementType.UInt8, ElementType.Int8, ElementType.Int16, ElementType.UInt16, ElementType.UInt32, ElementType.UInt64,
    ];

    /// <summary>Pairs of shapes, the second with axes of size 1 or none where the first has others, or the reverse.</summary>
    public static IEnumerable<(int[] A, int[] B)> Shapes(int seed, int count)
    {
        var random = new Random(seed);
        for (int i = 0; i < count; i++)
        {
            int[] dims = RandomDims(random, 0, 5);
            int[] a = [.. dims.Select(d => random.Next(3) == 0 ? 1 : d)], b = [.. dims.Select(d => random.Next(3) == 0 ? 1 : d)];
            int cut = random.Next(dims.Length + 1);
            yield return random.Next(2) == 0 ? (a[cut..], b) : (a, b[cut..]);
        }
    }

    public static void AssertAgree(string type)
    {
        var random = new Random(7);
        int i = 0;
        foreach ((int[] a, int[] b) in Shapes(42, 44))
        {
            ElementType element = Types[i++ % Types.Length];
            // Sums of bytes are to wrap in both.
            Node(type, [Random(random, element, a), Random(random, element, b)]).AssertAgrees();
        }
    }
}
