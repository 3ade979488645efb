namespace ModelOpt.Runtime.Tests.Kernels.Elementwise;

[TestClass]
internal sealed class ComparisonOperatorTests
{
    [TestMethod]
    public void Floats_with_no_number_among_them()
    {
        TestTensor a = TestTensor.Float([4], 1, 2, float.NaN, 3), b = TestTensor.Float([4], 2, 2, float.NaN, 1);
        Assert(BuiltinOperator.Equal, a, b, false, true, false, false);
        Assert(BuiltinOperator.NotEqual, a, b, true, false, true, true);
        Assert(BuiltinOperator.Less, a, b, true, false, false, false);
        Assert(BuiltinOperator.LessEqual, a, b, true, true, false, false);
        Assert(BuiltinOperator.Greater, a, b, false, false, false, true);
        Assert(BuiltinOperator.GreaterEqual, a, b, false, true, false, true);
    }

    [TestMethod]
    public void Grids_are_refused() => Microsoft.VisualStudio.TestTools.UnitTesting.Assert.ThrowsExactly<InvalidModelException>(() => Run(
        BuiltinOperator.Less, null,
        [TestTensor.Random(new Random(1), TensorType.Int8, [4], 0.1f), TestTensor.Random(new Random(1), TensorType.Int8, [4], 0.2f)],
        Output(TensorType.Bool, [4])));

    private static void Assert(BuiltinOperator op, TestTensor a, TestTensor b, params bool[] expected) =>
        CollectionAssert.AreEqual(expected, Run(op, null, [a, b], Output(TensorType.Bool, [4]))[0].Values, $"{op}");
}
