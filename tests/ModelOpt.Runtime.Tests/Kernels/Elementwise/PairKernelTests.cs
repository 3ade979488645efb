namespace ModelOpt.Runtime.Tests.Kernels.Elementwise;

[TestClass]
internal sealed class PairKernelTests
{
    [TestMethod]
    public void Long_rows_and_repeated_operands()
    {
        TestTensor a = TestTensor.Random(new Random(1), TensorType.Int32, [3, 5000]);
        TestTensor b = TestTensor.Random(new Random(2), TensorType.Int32, [3, 1]);
        TestTensor y = Run(BuiltinOperator.BitwiseXor, null, [a, b], Output(TensorType.Int32, [3, 5000]))[0];
        CollectionAssert.AreEqual(
            ((int[])a.Values).Select((v, i) => v ^ ((int[])b.Values)[i / 5000]).ToArray(), y.Values);
    }
}
