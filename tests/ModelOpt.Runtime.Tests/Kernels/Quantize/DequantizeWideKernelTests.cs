using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Tests.Kernels.Quantize;

[TestClass]
internal sealed class DequantizeWideKernelTests
{
    [TestMethod]
    public void A_model_reads_32_bits()
    {
        TestTensor x = new(TensorType.Int32, [3], new[] { 0, -5, 9 }, 0.25f);
        TestTensor[] results = OperatorTesting.Run(BuiltinOperator.Dequantize, null, [x], OperatorTesting.Output(TensorType.Float32, [3]));
        CollectionAssert.AreEqual(new[] { 0f, -1.25f, 2.25f }, (float[])results[0].Values);
    }
}
