using ModelOpt.Runtime.Kernels.Quantize;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Tests.Kernels.Quantize;

[TestClass]
internal sealed class DequantizeWideKernelTests
{
    [TestMethod]
    public void Real_numbers_are_steps_from_the_zero_point()
    {
        Assert.AreEqual(-1.5f, DequantizeWideKernel<short>.Scalar(-3, 0.5f, 0));
        Assert.AreEqual(1f, DequantizeWideKernel<short>.Scalar(7, 0.5f, 5));
        Assert.AreEqual(-2147483648f, DequantizeWideKernel<int>.Scalar(int.MinValue, 1, 0));
    }

    [TestMethod]
    public void A_model_reads_32_bits()
    {
        TestTensor x = new(TensorType.Int32, [3], new[] { 0, -5, 9 }, 0.25f);
        TestTensor[] results = OperatorTesting.Run(BuiltinOperator.Dequantize, null, [x], OperatorTesting.Output(TensorType.Float32, [3]));
        CollectionAssert.AreEqual(new[] { 0f, -1.25f, 2.25f }, (float[])results[0].Values);
    }
}
