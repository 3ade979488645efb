namespace ModelOpt.Runtime.Tests.Kernels.Movement;

[TestClass]
internal sealed class ResizeOperatorTests
{
    [TestMethod]
    public void The_nearest_pixel()
    {
        TestTensor x = TestTensor.Random(new Random(69), TensorType.UInt8, [1, 3, 4, 5]);
        TestTensor y = Run(
            BuiltinOperator.ResizeNearestNeighbor, new ResizeOptions(
                BuiltinOptionsType.ResizeNearestNeighbor, false, false),
            [x, TestTensor.Ints(6, 8)], Output(TensorType.UInt8, [1, 6, 8, 5]))[0];
        AssertMoved(x, y, i => [0, i[1] / 2, i[2] / 2, i[3]]);
    }

    [TestMethod]
    [DataRow(false, false)]
    [DataRow(false, true)]
    [DataRow(true, false)]
    public void Between_four_pixels(bool alignCorners, bool halfPixels)
    {
        const int height = 3, width = 4, channels = 5, newHeight = 7, newWidth = 6;
        TestTensor x = TestTensor.Random(new Random(70), TensorType.Float32, [1, height, width, channels]);
        float[] values = (float[])x.Values;
        TestTensor y = Run(
            BuiltinOperator.ResizeBilinear, new ResizeOptions(BuiltinOptionsType.ResizeBilinear, alignCorners, halfPixels),
            [x, TestTensor.Ints(newHeight, newWidth)], Output(TensorType.Float32, [1, newHeight, newWidth, channels]))[0];
        AssertClose(
            [.. from row in Enumerable.Range(0, newHeight)
                from column in Enumerable.Range(0, newWidth)
                from c in Enumerable.Range(0, channels)
                select At(Position(row, height, newHeight), Position(column, width, newWidth), c)],
            y);

        double Position(int i, int size, int newSize) => Math.Clamp(
            alignCorners ? i * (size - 1.0) / (newSize - 1) : halfPixels ? ((i + 0.5) * size / newSize) - 0.5 : i * (double)size / newSize,
            0, size - 1);

        double At(double row, double column, int c)
        {
            int top = (int)row, left = (int)column, bottom = Math.Min(top + 1, height - 1), right = Math.Min(left + 1, width - 1);
            double down = row - top, across = column - left;
            return ((1 - down) * (((1 - across) * Pixel(top, left)) + (across * Pixel(top, right))))
                + (down * (((1 - across) * Pixel(bottom, left)) + (across * Pixel(bottom, right))));

            double Pixel(int r, int k) => values[(((r * width) + k) * channels) + c];
        }
    }
}
