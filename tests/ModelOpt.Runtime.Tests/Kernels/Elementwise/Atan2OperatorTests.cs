namespace ModelOpt.Runtime.Tests.Kernels.Elementwise;

[TestClass]
internal sealed class Atan2OperatorTests
{
    [TestMethod]
    public void Angles_of_all_quadrants()
    {
        TestTensor y = TestTensor.Float([2, 2], 1, 1, -1, -1), x = TestTensor.Float([2, 2], 2, -2, 2, -2);
        AssertClose(
            [.. y.Real().Zip(x.Real(), Math.Atan2)], Run(BuiltinOperator.Atan2, null, [y, x], Output(TensorType.Float32, [2, 2]))[0]);
    }

    [TestMethod]
    public void Integers_are_refused() => Assert.ThrowsExactly<InvalidModelException>(
        () => Run(BuiltinOperator.Atan2, null, [Ints(1, 2), Ints(1, 2)], Output(TensorType.Int32, [2])));

    private static TestTensor Ints(params int[] values) => new(TensorType.Int32, [values.Length], values);
}
