namespace ModelOpt.Runtime.Tests.Kernels.Movement;

[TestClass]
internal sealed class PadOperatorTests
{
    [TestMethod]
    public void Zero_the_zero_point_or_a_value()
    {
        var random = new Random(66);
        TestTensor paddings = new(TensorType.Int32, [3, 2], new[] { 1, 0, 0, 2, 3, 1 }, IsConstant: true);
        foreach (TensorType type in Types)
        {
            (float scale, int zero) = type switch { TensorType.Int8 => (0.1f, -7), TensorType.UInt8 => (0.1f, 9), _ => (0f, 0) };
            TestTensor x = TestTensor.Random(random, type, [2, 3, 4], scale, zero);
            TestTensor y = Run(BuiltinOperator.Pad, null, [x, paddings], Output(type, [3, 5, 8], scale, zero))[0];
            AssertMoved(y, x, i => [i[0] + 1, i[1], i[2] + 3]);
            for (int i = 0; i < 120; i++)
            {
                bool inside = i >= 40 && i % 40 < 24 && i % 8 is >= 3 and < 7;
                Assert.IsTrue(inside || y.Real()[i] == 0, $"{type} element {i}");
            }
        }
        TestTensor f = TestTensor.Random(
            random, TensorType.Float32, [2, 3, 4]), value = TestTensor.Float([], -3).AsConstant();
        TestTensor padded = Run(
            BuiltinOperator.PadV2, null, [f, paddings, value], Output(TensorType.Float32, [3, 5, 8]))[0];
        Assert.AreEqual(96, ((float[])padded.Values).Count(v => v == -3));
    }

    [TestMethod]
    public void A_value_may_be_computed()
    {
        TestTensor paddings = new(TensorType.Int32, [1, 2], new[] { 1, 2 }, IsConstant: true);
        TestTensor y = Run(
            BuiltinOperator.PadV2, null, [TestTensor.Float([2], 3, 4), paddings, TestTensor.Float([], 7)],
            Output(TensorType.Float32, [5]))[0];
        CollectionAssert.AreEqual((float[])[7, 3, 4, 7, 7], (float[])y.Values);
    }

    [TestMethod]
    public void Nothing_is_padded_on_either_side()
    {
        foreach (int before in new[] { 0, 1 })
        {
            TestTensor paddings = new(TensorType.Int32, [2, 2], new[] { 0, 0, before, 1 - before }, IsConstant: true);
            TestTensor y = Run(
                BuiltinOperator.PadV2, null, [TestTensor.Float([3, 0]), paddings, TestTensor.Float([], 7).AsConstant()],
                Output(TensorType.Float32, [3, 1]))[0];
            CollectionAssert.AreEqual((float[])[7, 7, 7], (float[])y.Values);
        }
    }
}
