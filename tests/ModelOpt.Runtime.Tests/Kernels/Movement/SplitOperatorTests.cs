namespace ModelOpt.Runtime.Tests.Kernels.Movement;

[TestClass]
internal sealed class SplitOperatorTests
{
    [TestMethod]
    public void Equal_pieces()
    {
        foreach (TensorType type in Types)
        {
            TestTensor x = TestTensor.Random(new Random(63), type, [2, 6, 3]), piece = Output(type, [2, 2, 3]);
            TestTensor[] y = Run(
                BuiltinOperator.Split, new SplitOptions(BuiltinOptionsType.Split, 3), [TestTensor.Ints(1), x], piece, piece, piece);
            for (int k = 0; k < 3; k++)
                AssertMoved(x, y[k], i => [i[0], i[1] + (2 * k), i[2]]);
        }
    }

    [TestMethod]
    public void Pieces_that_would_not_be_equal_are_refused()
    {
        TestTensor x = TestTensor.Float([3], 1, 2, 3), piece = Output(TensorType.Float32, [1]);
        var e = Assert.ThrowsExactly<InvalidModelException>(() => Run(
            BuiltinOperator.Split, new SplitOptions(BuiltinOptionsType.Split, 2), [TestTensor.Ints(0), x], piece, piece));
        StringAssert.Contains(e.Message, "3 elements do not make 2 equal outputs");
    }
}
