namespace ModelOpt.Runtime.Tests.Kernels;

[TestClass]
internal sealed class LookupTableKernelTests
{
    [TestMethod]
    public void The_vector_loop_gives_the_bytes_of_the_scalar_one()
    {
        var random = new Random(111);
        byte[] table = new byte[256], source = new byte[1000];
        random.NextBytes(table);
        foreach (int length in (int[])[0, 1, 63, 64, 65, 255, 1000])
        {
            random.NextBytes(source);
            byte[] expected = new byte[length], actual = new byte[length];
            LookupTableKernel.Scalar(table, source.AsSpan(0, length), expected);
            LookupTableKernel.Apply(table, source.AsSpan(0, length), actual);
            CollectionAssert.AreEqual(expected, actual);
        }
    }
}
