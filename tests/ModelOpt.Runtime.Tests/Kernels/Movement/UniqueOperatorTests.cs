namespace ModelOpt.Runtime.Tests.Kernels.Movement;

[TestClass]
internal sealed class UniqueOperatorTests
{
    [TestMethod]
    public void Rows_that_differ_are_found_and_the_rest_is_filled()
    {
        TestTensor x = TestTensor.Float([5, 2], 3, 1, 1, 2, 3, 1, 1, 1, 1, 2);
        Assert([3, 1, 0, -1, -1], [2, 1, 2, 0, 1], [1, 2, 2, 0, 0], true, x);
        Assert([0, 1, 3, -1, -1], [0, 1, 0, 2, 1], [2, 2, 1, 0, 0], false, x);
        Assert([1, 0], [1, 0], [1, 1], true, new(TensorType.Int64, [2, 1], new[] { 9L, -1 }));
        Assert([0, -1], [0, 0], [2, 0], true, new(TensorType.UInt8, [2, 1], new byte[] { 200, 200 }));
        Assert([1, 0], [1, 0], [1, 1], true, new(TensorType.Int8, [2, 1], new sbyte[] { 1, -1 }));

        static void Assert(double[] first, double[] inverse, double[] counts, bool isSorted, TestTensor x)
        {
            TestTensor[] y = Run(BuiltinOperator.Unique, new UniqueOptions(isSorted), [x], Outputs(x.Shape[0]));
            CollectionAssert.AreEqual(first, y[0].Real());
            CollectionAssert.AreEqual(inverse, y[1].Real());
            CollectionAssert.AreEqual(counts, y[2].Real());
        }
    }

    [TestMethod]
    public void What_does_not_fit_is_refused()
    {
        TestTensor x = TestTensor.Float([2], 1, 2);
        AssertRefused("there are no rows", BuiltinOperator.Unique, new UniqueOptions(true), [x], Outputs(2)[0]);
        x = TestTensor.Float([2, 1], 1, 2);
        AssertRefused("three outputs", BuiltinOperator.Unique, new UniqueOptions(true), [x], Outputs(2)[0]);
    }

    private static TestTensor[] Outputs(int count) => [.. Enumerable.Repeat(Output(TensorType.Int64, [count]), 3)];
}
