using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Tests.Kernels.Quantize;

[TestClass]
internal sealed class QuantizeWideKernelTests
{
    [TestMethod]
    public void A_model_rounds_to_32_bits()
    {
        TestTensor x = TestTensor.Float([5], 0, 1, -1, 2.24f, 100);
        TestTensor[] results = OperatorTesting.Run(
            BuiltinOperator.Quantize, null, [x], OperatorTesting.Output(TensorType.Int32, [5], 0.5f));
        CollectionAssert.AreEqual(new[] { 0, 2, -2, 4, 200 }, (int[])results[0].Values);
    }
}
