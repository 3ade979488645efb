using ModelOpt.Runtime.Kernels.Elementwise;

namespace ModelOpt.Runtime.Tests.Kernels.Elementwise;

[TestClass]
internal sealed class SelectKernelTests
{
    [TestMethod]
    public void An_operand_with_stride_0_repeats()
    {
        var kernel = new SelectKernel<byte>([2, 3], [[3, 1], [1, 0], [0, 1]]);
        byte[] y = KernelTesting.Run(kernel, 6, [1, 0, 2, 0, 0, 1], [10, 20], [7, 8, 9]);
        CollectionAssert.AreEqual((byte[])[10, 8, 10, 7, 8, 20], y);
    }

    [TestMethod]
    public void A_scalar_is_one_row() => CollectionAssert.AreEqual(
        (byte[])[8], KernelTesting.Run(new SelectKernel<byte>([], [[], [], []]), 1, [0], [7], [8]));
}
