using ModelOpt.Runtime.Kernels.Assembled;

namespace ModelOpt.Runtime.Tests.Kernels.Assembled;

[TestClass]
internal sealed unsafe class ComplementsTests
{
    private const int Steps = 7, Vectors = 2, Lanes = 8;

    [TestMethod]
    [DataRow(60, 0)]
    [DataRow(90, 0)]
    [DataRow(128, 0)]
    [DataRow(128, 5)]
    public void Sums_stay_and_fewer_registers_have_pairs_that_saturate(int largest, int bias)
    {
        var random = new Random(largest + bias);
        int* weights = stackalloc int[Steps * Vectors * Lanes], starts = stackalloc int[Vectors * Lanes];
        var bytes = new Span<sbyte>(weights, 4 * Steps * Vectors * Lanes);
        foreach (ref sbyte weight in bytes)
            weight = (sbyte)Math.Clamp(random.Next(-largest, largest) + bias, -128, 127);
        byte[] x = KernelTesting.Bytes(4 * Steps, 3);
        int[] before = Sums(weights, starts, x, null);
        int saturating = Saturating(weights);
        uint[]? bits = Complements.Choose(weights, starts, Vectors, Lanes, Steps);
        CollectionAssert.AreEqual(before, Sums(weights, starts, x, bits));
        Assert.AreEqual(bits is not null, Saturating(weights) < saturating);
        if (largest == 60)
            Assert.IsNull(bits);
    }

    [TestMethod]
    public void Every_pair_of_weights()
    {
        sbyte* quads = stackalloc sbyte[16];
        for (int pair = 0; pair < 1 << 16; pair++)
        {
            sbyte first = (sbyte)(pair >> 8), second = (sbyte)pair;
            new Span<sbyte>(quads, 16).Clear();
            quads[2] = first;
            quads[3] = second;
            bool complement = second == -128 || ByteProducts.Saturates(first, -second);
            int expected = (ByteProducts.Saturates(first, second) ? 0b0011 : 0) | (complement ? 0b1100 : 0);
            Assert.AreEqual(expected, Complements.Saturating(quads, 16), $"{first}, {second}");
        }
    }

    private static int Saturating(int* weights)
    {
        int count = 0;
        for (int i = 0; i < Steps * Vectors; i++)
            count += Complements.Saturating((sbyte*)(weights + (i * Lanes)), 4 * Lanes) & 1;
        return count;
    }

    private static int[] Sums(int* weights, int* starts, byte[] x, uint[]? bits) => [.. Enumerable.Range(0, Vectors * Lanes).Select(lane =>
    {
        int sum = starts[lane];
        for (int i = 0; i < 4 * Steps; i++)
        {
            byte flip = (byte)((bits?[i / 4] ?? 0) >> (i % 4 * 8));
            sum += (x[i] ^ flip) * ((sbyte*)(weights + (i / 4 * Vectors * Lanes) + lane))[i % 4];
        }

        return sum;
    })];
}
