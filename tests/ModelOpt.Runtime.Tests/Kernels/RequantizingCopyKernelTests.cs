namespace ModelOpt.Runtime.Tests.Kernels;

[TestClass]
internal sealed class RequantizingCopyKernelTests
{
    [TestMethod]
    public void Each_input_goes_through_its_table_or_stays()
    {
        foreach (int rows in (int[])[1, 7, 100])
        {
            byte[] a = KernelTesting.Bytes(rows * 3, rows), b = KernelTesting.Bytes(rows * 70, rows + 1),
                table = KernelTesting.Bytes(256, 3);
            byte[] expected = new byte[rows * 73];
            for (int i = 0; i < expected.Length; i++)
                expected[i] = i % 73 < 3 ? a[(i / 73 * 3) + (i % 73)] : table[b[(i / 73 * 70) + (i % 73) - 3]];
            CopyPart[] parts =
            [
                new CopyPart(new StridedCopy(1, [rows, 3], 0, [3, 1], 0, [73, 1]), 0, 0),
                new CopyPart(new StridedCopy(1, [rows, 70], 0, [70, 1], 3, [73, 1]), 1, 0),
            ];
            KernelTesting.AssertSame(
                expected, KernelTesting.Run(new RequantizingCopyKernel(parts, [null, table]), expected.Length, a, b), $"{rows} rows");
        }
    }
}
