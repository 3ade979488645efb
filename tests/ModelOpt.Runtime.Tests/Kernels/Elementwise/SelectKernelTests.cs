namespace ModelOpt.Runtime.Tests.Kernels.Elementwise;

[TestClass]
internal sealed class SelectKernelTests
{
    [TestMethod]
    public void Each_operand_repeats_along_its_own_axes()
    {
        var random = new Random(1);
        TestTensor c = TestTensor.Random(random, TensorType.Bool, [4, 1]), a = TestTensor.Random(random, TensorType.Int64, [3, 1, 5]);
        TestTensor b = TestTensor.Random(random, TensorType.Int64, [1]);
        TestTensor y = Run(BuiltinOperator.SelectV2, null, [c, a, b], Output(a.Type, [3, 4, 5]))[0];
        for (int i = 0; i < 60; i++)
        {
            object? expected = (bool)c.Values.GetValue(i / 5 % 4)! ? a.Values.GetValue((i / 20 * 5) + (i % 5)) : b.Values.GetValue(0);
            Assert.AreEqual(expected, y.Values.GetValue(i), $"element {i}");
        }
    }
}
