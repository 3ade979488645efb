using System.Runtime.InteropServices;

namespace ModelOpt.Runtime.Tests.Kernels;

[TestClass]
internal sealed class FloatLookupKernelTests
{
    [TestMethod]
    public void Every_byte_meets_its_entry()
    {
        float[] table = KernelTesting.Floats(256, 1);
        foreach (int length in (int[])[1, 7, 8, 4095, 4097, 9001])
        {
            byte[] x = KernelTesting.Bytes(length, length);
            byte[] y = KernelTesting.Run(new FloatLookupKernel(length, table), length * sizeof(float), x);
            CollectionAssert.AreEqual(x.Select(v => table[v]).ToArray(), MemoryMarshal.Cast<byte, float>(y).ToArray());
        }
    }
}
