namespace ModelOpt.Compiler.Tests.Graphs;

[TestClass]
internal sealed class ValueRangeTests
{
    [TestMethod]
    [DataRow(0f, 255f, 1f, -128)]
    [DataRow(-255f, 0f, 1f, 127)]
    [DataRow(-64f, 191f, 1f, -64)]
    [DataRow(-51f, 204f, 1f, -77)]
    [DataRow(0f, 0f, 1f / 65536, 0)]
    public void Int8_covers_the_range(float min, float max, float scale, int zeroPoint) =>
        Assert.AreEqual(Quantization.PerTensor(ElementType.Int8, scale, zeroPoint), new ValueRange(min, max).ToQuantization());

    [TestMethod]
    [DataRow(-3.3f, 0.7f)]
    [DataRow(0f, 1e-30f)]
    [DataRow(-1e30f, 1e25f)]
    public void Zero_is_exact_and_the_ends_are_near(float min, float max)
    {
        Quantization grid = new ValueRange(min, max).ToQuantization();
        float[] rounded = grid.Round(Tensor.Vector<float>(0, min, max)).Span<float>().ToArray();
        Assert.AreEqual(0, rounded[0]);
        Assert.AreEqual(min, rounded[1], grid.Scale * 0.51f);
        Assert.AreEqual(max, rounded[2], grid.Scale * 0.51f);
    }

    [TestMethod]
    public void Ranges_join()
    {
        Assert.AreEqual(new ValueRange(-1, 5), new ValueRange(-1, 2).Union(new(0, 5)));
        Assert.AreEqual(new ValueRange(0, 5), new ValueRange(3, 5).WithZero());
        Assert.AreEqual(new ValueRange(-5, 0), new ValueRange(-5, -3).WithZero());
    }
}
