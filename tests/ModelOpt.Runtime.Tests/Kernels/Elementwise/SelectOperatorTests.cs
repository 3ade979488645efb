namespace ModelOpt.Runtime.Tests.Kernels.Elementwise;

[TestClass]
internal sealed class SelectOperatorTests
{
    [TestMethod]
    [DataRow(TensorType.Float32)]
    [DataRow(TensorType.Int64)]
    public void Each_operand_repeats_along_its_own_axes(TensorType type)
    {
        var random = new Random(1);
        TestTensor c = TestTensor.Random(random, TensorType.Bool, [4, 1]), a = TestTensor.Random(random, type, [3, 1, 5]);
        TestTensor b = TestTensor.Random(random, type, [1]);
        TestTensor y = Run(BuiltinOperator.SelectV2, null, [c, a, b], Output(a.Type, [3, 4, 5]))[0];
        for (int i = 0; i < 60; i++)
        {
            object? expected = (bool)c.Values.GetValue(i / 5 % 4)! ? a.Values.GetValue((i / 20 * 5) + (i % 5)) : b.Values.GetValue(0);
            Assert.AreEqual(expected, y.Values.GetValue(i), $"element {i}");
        }
    }

    [TestMethod]
    public void Other_conditions_are_refused() => Assert.ThrowsExactly<InvalidModelException>(() => Run(
        BuiltinOperator.SelectV2, null, [TestTensor.Float([1], 1), TestTensor.Float([1], 1), TestTensor.Float([1], 1)],
        Output(TensorType.Float32, [1])));
}
