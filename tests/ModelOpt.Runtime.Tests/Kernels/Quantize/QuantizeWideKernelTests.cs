using ModelOpt.Runtime.Kernels.Quantize;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Tests.Kernels.Quantize;

[TestClass]
internal sealed class QuantizeWideKernelTests
{
    [TestMethod]
    public void Halves_go_away_from_zero_and_the_ends_stay()
    {
        Assert.AreEqual((short)3, QuantizeWideKernel<short>.Scalar(1.25f, 0.5f, 0));
        Assert.AreEqual((short)-3, QuantizeWideKernel<short>.Scalar(-1.25f, 0.5f, 0));
        Assert.AreEqual((short)7, QuantizeWideKernel<short>.Scalar(1, 0.5f, 5));
        Assert.AreEqual(short.MaxValue, QuantizeWideKernel<short>.Scalar(1e9f, 0.5f, 0));
        Assert.AreEqual(short.MinValue, QuantizeWideKernel<short>.Scalar(float.NegativeInfinity, 0.5f, 0));
        Assert.AreEqual((short)2, QuantizeWideKernel<short>.Scalar(float.NaN, 0.5f, 2));
        Assert.AreEqual(int.MaxValue, QuantizeWideKernel<int>.Scalar(1e20f, 0.5f, 0));
        Assert.AreEqual(-20_000_001, QuantizeWideKernel<int>.Scalar(-10_000_000, 0.5f, -1));
    }

    [TestMethod]
    public void A_model_rounds_to_32_bits()
    {
        TestTensor x = TestTensor.Float([5], 0, 1, -1, 2.24f, 100);
        TestTensor[] results = OperatorTesting.Run(
            BuiltinOperator.Quantize, null, [x], OperatorTesting.Output(TensorType.Int32, [5], 0.5f));
        CollectionAssert.AreEqual(new[] { 0, 2, -2, 4, 200 }, (int[])results[0].Values);
    }
}
