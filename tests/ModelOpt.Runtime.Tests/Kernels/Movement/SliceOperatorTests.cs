namespace ModelOpt.Runtime.Tests.Kernels.Movement;

[TestClass]
internal sealed class SliceOperatorTests
{
    [TestMethod]
    public void A_box_of_the_input()
    {
        var random = new Random(62);
        foreach (TensorType type in Types)
        {
            TestTensor x = TestTensor.Random(random, type, [4, 5, 6]);
            TestTensor y = Run(
                BuiltinOperator.Slice, null, [x, TestTensor.Ints(1, 0, 2), TestTensor.Ints(2, -1, 3)], Output(type, [2, 5, 3]))[0];
            AssertMoved(x, y, i => [i[0] + 1, i[1], i[2] + 2]);
        }
    }

    [TestMethod]
    [DataRow(1, 4)]
    [DataRow(-1, 2)]
    [DataRow(5, -1)]
    public void A_box_that_does_not_fit_is_refused(int begin, int size)
    {
        TestTensor x = TestTensor.Float([4], 1, 2, 3, 4);
        var e = Assert.ThrowsExactly<InvalidModelException>(() => Run(
            BuiltinOperator.Slice, null, [x, TestTensor.Ints(begin), TestTensor.Ints(size)], Output(TensorType.Float32, [2])));
        StringAssert.Contains(e.Message, "dimension 0 of the slice does not fit");
    }
}
