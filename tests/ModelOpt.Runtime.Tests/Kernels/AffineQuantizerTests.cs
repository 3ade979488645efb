using ModelOpt.Runtime.Kernels;

namespace ModelOpt.Runtime.Tests.Kernels;

[TestClass]
internal sealed class AffineQuantizerTests
{
    [TestMethod]
    public void Halves_go_away_from_zero_and_the_ends_stay()
    {
        Assert.AreEqual((short)3, AffineQuantizer.Quantize<short>(1.25f, 0.5f, 0));
        Assert.AreEqual((short)-3, AffineQuantizer.Quantize<short>(-1.25f, 0.5f, 0));
        Assert.AreEqual((short)7, AffineQuantizer.Quantize<short>(1, 0.5f, 5));
        Assert.AreEqual(short.MaxValue, AffineQuantizer.Quantize<short>(1e9f, 0.5f, 0));
        Assert.AreEqual(short.MinValue, AffineQuantizer.Quantize<short>(float.NegativeInfinity, 0.5f, 0));
        Assert.AreEqual((short)2, AffineQuantizer.Quantize<short>(float.NaN, 0.5f, 2));
        Assert.AreEqual(int.MaxValue, AffineQuantizer.Quantize<int>(1e20f, 0.5f, 0));
        Assert.AreEqual(-20_000_001, AffineQuantizer.Quantize<int>(-10_000_000, 0.5f, -1));
    }

    [TestMethod]
    public void Real_numbers_are_steps_from_the_zero_point()
    {
        Assert.AreEqual(-1.5f, AffineQuantizer.Dequantize<short>(-3, 0.5f, 0));
        Assert.AreEqual(1f, AffineQuantizer.Dequantize<short>(7, 0.5f, 5));
        Assert.AreEqual(-2147483648f, AffineQuantizer.Dequantize<int>(int.MinValue, 1, 0));
    }
}
