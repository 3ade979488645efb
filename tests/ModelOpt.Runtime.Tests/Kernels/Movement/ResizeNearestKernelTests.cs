using ModelOpt.Runtime.Kernels.Movement;

namespace ModelOpt.Runtime.Tests.Kernels.Movement;

[TestClass]
internal sealed class ResizeNearestKernelTests
{
    [TestMethod]
    [DataRow(false, false)]
    [DataRow(true, false)]
    [DataRow(false, true)]
    public void Each_pixel_is_the_nearest_of_the_input(bool alignCorners, bool halfPixels)
    {
        foreach ((int height, int width, int newHeight, int newWidth) in ((int, int, int, int)[])[(3, 4, 6, 8), (7, 5, 3, 2), (1, 9, 4, 9)])
        {
            const int batch = 2, bytes = 6;
            byte[] x = KernelTesting.Bytes(batch * height * width * bytes, height);
            byte[] expected = [.. from n in Enumerable.Range(0, batch)
                                  from row in Enumerable.Range(0, newHeight)
                                  from column in Enumerable.Range(0, newWidth)
                                  from k in Enumerable.Range(0, bytes)
                                  select x[(((((n * height) + Nearest(row, height, newHeight)) * width) + Nearest(column, width, newWidth))
                                      * bytes) + k]];
            var kernel = new ResizeNearestKernel(batch, height, width, bytes, Axis(height, newHeight), Axis(width, newWidth));
            KernelTesting.AssertSame(expected, KernelTesting.Run(kernel, expected.Length, x),
                $"{height}×{width} to {newHeight}×{newWidth}");
        }

        ResizeAxis Axis(int size, int newSize) => new(size, newSize, alignCorners, halfPixels, nearest: true);

        int Nearest(int i, int size, int newSize)
        {
            double position = alignCorners
                && newSize > 1 ? (i * (size - 1.0) / (newSize - 1)) + 0.5 : (i + (halfPixels ? 0.5 : 0)) * size / newSize;
            return Math.Clamp((int)Math.Floor(position), 0, size - 1);
        }
    }
}
