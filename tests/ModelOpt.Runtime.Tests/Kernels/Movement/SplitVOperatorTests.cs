namespace ModelOpt.Runtime.Tests.Kernels.Movement;

[TestClass]
internal sealed class SplitVOperatorTests
{
    [TestMethod]
    [DataRow(2, 1)]
    [DataRow(2, -1)]
    public void Pieces_of_the_sizes_given(int first, int second)
    {
        foreach (TensorType type in Types)
        {
            TestTensor x = TestTensor.Random(new Random(63), type, [2, 6, 3]);
            TestTensor[] y = Run(
                BuiltinOperator.SplitV, new SplitOptions(BuiltinOptionsType.SplitV, 2),
                [x, TestTensor.Ints(first, second), TestTensor.Ints(-1)],
                Output(type, [2, 6, 2]), Output(type, [2, 6, 1]));
            AssertMoved(x, y[0], i => i);
            AssertMoved(x, y[1], i => [i[0], i[1], i[2] + 2]);
        }
    }

    [TestMethod]
    [DataRow(2, 2)]
    [DataRow(4, -1)]
    [DataRow(1, 1)]
    public void Sizes_that_do_not_add_up_are_refused(int first, int second)
    {
        TestTensor x = TestTensor.Float([3], 1, 2, 3), piece = Output(TensorType.Float32, [1]);
        var e = Assert.ThrowsExactly<InvalidModelException>(() => Run(
            BuiltinOperator.SplitV, new SplitOptions(BuiltinOptionsType.SplitV, 2), [x, TestTensor.Ints(first, second), TestTensor.Ints(0)],
            piece, piece));
        StringAssert.Contains(e.Message, "of 3 elements");
    }
}
