namespace ModelOpt.Runtime.Tests.Kernels.Elementwise;

[TestClass]
internal sealed class BitsOperatorTests
{
    [TestMethod]
    public void Integers()
    {
        Assert(BuiltinOperator.FloorMod, [7, -7, 7, -7], [5, 5, -5, -5], [2, 3, -3, -2]);
        Assert(BuiltinOperator.BitwiseAnd, [5, 2, 7, -4], [3, 5, 5, 4], [1, 0, 5, 4]);
        Assert(BuiltinOperator.BitwiseOr, [5, 2, 8, -4], [3, -3, 8, 1], [7, -1, 8, -3]);
        Assert(BuiltinOperator.BitwiseXor, [5, 2, 8, -4], [3, -3, 8, 0], [6, -1, 0, -4]);
        Assert(BuiltinOperator.LeftShift, [7, 3, 1, -1], [7, 32, -9, 1], [896, 0, 0, -2]);
        Assert(BuiltinOperator.RightShift, [7, 300, 1, -8], [1, 40, -9, 2], [3, 0, 0, -2]);
    }

    [TestMethod]
    public void A_rest_by_zero_is_zero()
    {
        TestTensor result = Run(
            BuiltinOperator.FloorMod, null, [Ints(7, int.MinValue), Ints(0, -1)], Output(TensorType.Int32, [2]))[0];
        CollectionAssert.AreEqual(new[] { 0, 0 }, result.Values);
    }

    [TestMethod]
    public void Bools()
    {
        TestTensor a = new(TensorType.Bool, [4], new[] { true, true, false, false });
        TestTensor b = new(TensorType.Bool, [4], new[] { true, false, true, false });
        CollectionAssert.AreEqual(
            new[] { true, false, false, false }, Run(BuiltinOperator.LogicalAnd, null, [a, b], Output(TensorType.Bool, [4]))[0].Values);
        CollectionAssert.AreEqual(
            new[] { true, true, true, false }, Run(BuiltinOperator.LogicalOr, null, [a, b], Output(TensorType.Bool, [4]))[0].Values);
    }

    private static void Assert(BuiltinOperator op, int[] left, int[] right, int[] expected) => CollectionAssert.AreEqual(
        expected, Run(op, null, [Ints(left), Ints(right)], Output(TensorType.Int32, [4]))[0].Values, $"{op}");

    private static TestTensor Ints(params int[] values) => new(TensorType.Int32, [values.Length], values);
}
