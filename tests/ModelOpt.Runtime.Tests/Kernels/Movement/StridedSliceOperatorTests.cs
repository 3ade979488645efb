namespace ModelOpt.Runtime.Tests.Kernels.Movement;

[TestClass]
internal sealed class StridedSliceOperatorTests
{
    [TestMethod]
    public void Steps_masks_and_an_axis_that_goes()
    {
        var random = new Random(62);
        TestTensor[] bounds = [TestTensor.Ints(0, 4, 1), TestTensor.Ints(2, -6, 100), TestTensor.Ints(1, -2, 2)];
        foreach (TensorType type in Types)
        {
            TestTensor x = TestTensor.Random(random, type, [4, 5, 6]);
            TestTensor y = Run(BuiltinOperator.StridedSlice, new StridedSliceOptions(0, 0, 0, 0, 1), [x, .. bounds],
                Output(type, [3, 3]))[0];
            AssertMoved(x, y, i => [0, 4 - (2 * i[0]), 1 + (2 * i[1])]);
            y = Run(BuiltinOperator.StridedSlice, new StridedSliceOptions(2, 2, 0, 0, 0), [x, .. bounds], Output(type, [2, 3, 3]))[0];
            AssertMoved(x, y, i => [i[0], 4 - (2 * i[1]), 1 + (2 * i[2])]);
        }
    }

    [TestMethod]
    public void A_step_of_zero_is_refused()
    {
        TestTensor x = TestTensor.Float([4], 1, 2, 3, 4);
        var e = Assert.ThrowsExactly<InvalidModelException>(() => Run(
            BuiltinOperator.StridedSlice, new StridedSliceOptions(0, 0, 0, 0, 0),
            [x, TestTensor.Ints(0), TestTensor.Ints(4), TestTensor.Ints(0)],
            Output(TensorType.Float32, [4])));
        StringAssert.Contains(e.Message, "a stride is zero");
    }
}
