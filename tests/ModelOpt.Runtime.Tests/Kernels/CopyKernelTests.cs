namespace ModelOpt.Runtime.Tests.Kernels;

[TestClass]
internal sealed class CopyKernelTests
{
    [TestMethod]
    [DataRow(1)]
    [DataRow(2)]
    [DataRow(4)]
    [DataRow(8)]
    public void Elements_of_any_size_go_where_the_strides_say(int size)
    {
        foreach ((int a, int b, int c) in ((int, int, int)[])[(3, 4, 5), (1, 70, 33), (2, 1, 300), (17, 16, 1), (9, 5, 20)])
        {
            byte[] x = KernelTesting.Bytes(a * b * c * size, size), expected = new byte[x.Length];
            for (int i = 0; i < a * b * c; i++)
            {
                int from = (i % a * b * c) + (i / a % b * c) + (i / (a * b));
                x.AsSpan(from * size, size).CopyTo(expected.AsSpan(i * size));
            }

            var copy = new StridedCopy(size, [c, b, a], 0, [1, c, b * c], 0, StridedCopy.DenseStrides([c, b, a]));
            byte[] actual = KernelTesting.Run(new CopyKernel([new CopyPart(copy, 0, 0)], []), x.Length, x);
            KernelTesting.AssertSame(expected, actual, $"{a}×{b}×{c} of {size} bytes");
        }
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(2)]
    [DataRow(4)]
    [DataRow(8)]
    public void Every_second_element(int size)
    {
        foreach (int length in (int[])[1, 15, 16, 17, 100])
        {
            byte[] x = KernelTesting.Bytes(3 * ((2 * length) - 1) * size, size);
            var copy = new StridedCopy(size, [3, length], 0, [(2 * length) - 1, 2], 0, [length, 1]);
            byte[] expected = [.. Enumerable.Range(0, 3 * length).SelectMany(i =>
                x.AsSpan(((i / length * ((2 * length) - 1)) + (i % length * 2)) * size, size).ToArray())];
            byte[] actual = KernelTesting.Run(new CopyKernel([new CopyPart(copy, 0, 0)], []), expected.Length, x);
            KernelTesting.AssertSame(expected, actual, $"{length} of {size} bytes");
        }
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(2)]
    [DataRow(4)]
    [DataRow(8)]
    public void What_no_box_covers_is_filled(int size)
    {
        byte[] x = KernelTesting.Bytes(6 * size, size), element = KernelTesting.Bytes(size, 9);
        byte[] expected = [.. Enumerable.Range(0, 20).SelectMany(i => i is (>= 6 and <= 8) or (>= 11 and <= 13)
            ? x.AsSpan((((i - 6) / 5 * 3) + ((i - 6) % 5)) * size, size).ToArray() : element)];
        CopyPart[] parts = [new CopyPart(new StridedCopy(size, [2, 3], 0, [3, 1], 6, [5, 1]), 0, 0)];
        KernelTesting.AssertSame(expected, KernelTesting.Run(new CopyKernel(parts, element), 20 * size, x), "a constant");
        KernelTesting.AssertSame(expected, KernelTesting.Run(new CopyKernel(parts, [], 1), 20 * size, x, element), "an input");
    }
}
