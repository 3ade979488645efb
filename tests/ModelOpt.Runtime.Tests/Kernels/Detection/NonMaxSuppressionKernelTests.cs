using System.Runtime.InteropServices;
using ModelOpt.Runtime.Kernels.Detection;

namespace ModelOpt.Runtime.Tests.Kernels.Detection;

[TestClass]
internal sealed class NonMaxSuppressionKernelTests
{
    [TestMethod]
    public void Of_equal_scores_the_first_box_comes_first_and_what_has_no_area_covers_nothing()
    {
        byte[] boxes = Bytes(0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 0, 1, 0.5f, 0, 1, 1), scores = Bytes(1, 1, 1, 1);
        var kernel = new NonMaxSuppressionKernel(new(false, 4), 1, 1, 4, bounds: 2);
        byte[] y = KernelTesting.Run(kernel, 4 * 3 * sizeof(long), boxes, scores, [], Bytes(0.5f));
        CollectionAssert.AreEqual((long[])[0, 0, 0, 0, 0, 2, 0, 0, 3, -1, -1, -1], MemoryMarshal.Cast<byte, long>(y).ToArray());
    }

    [TestMethod]
    public void Boxes_of_other_classes_do_not_count()
    {
        byte[] boxes = Bytes(1, 1, 2, 2, 1, 1, 2, 2), scores = Bytes(0.1f, 0.2f, 0.4f, 0.3f);
        byte[] y = KernelTesting.Run(new NonMaxSuppressionKernel(new(true, 1), 1, 2, 2, bounds: 0), 2 * 3 * sizeof(long), boxes, scores);
        CollectionAssert.AreEqual((long[])[0, 0, 1, 0, 1, 0], MemoryMarshal.Cast<byte, long>(y).ToArray());
    }

    private static byte[] Bytes(params float[] numbers) => MemoryMarshal.AsBytes(numbers.AsSpan()).ToArray();
}
