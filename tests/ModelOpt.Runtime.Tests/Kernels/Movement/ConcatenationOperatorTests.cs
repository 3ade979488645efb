namespace ModelOpt.Runtime.Tests.Kernels.Movement;

[TestClass]
internal sealed class ConcatenationOperatorTests
{
    [TestMethod]
    public void Inputs_lie_one_behind_the_other()
    {
        var random = new Random(64);
        foreach (TensorType type in Types)
        {
            TestTensor a = TestTensor.Random(random, type, [2, 3, 4]), b = TestTensor.Random(random, type, [2, 5, 4]);
            TestTensor y = Run(
                BuiltinOperator.Concatenation, new ConcatenationOptions(-2, ActivationFunction.None), [a, b], Output(type, [2, 8, 4]))[0];
            AssertMoved(y, a, i => i);
            AssertMoved(y, b, i => [i[0], i[1] + 3, i[2]]);
        }
    }

    [TestMethod]
    public void Inputs_of_another_scale_are_requantized()
    {
        var random = new Random(65);
        TestTensor a = TestTensor.Random(random, TensorType.Int8, [50, 3], 0.02f, 4), b = TestTensor.Random(
            random, TensorType.Int8, [50, 2], 0.05f, -7);
        TestTensor y = Run(
            BuiltinOperator.Concatenation, new ConcatenationOptions(1, ActivationFunction.None), [a, b],
            Output(TensorType.Int8, [50, 5], 0.05f, -7))[0];
        double[] p = a.Real(), q = b.Real();
        AssertClose([.. Enumerable.Range(0, 250).Select(i => i % 5 < 3 ? p[(i / 5 * 3) + (i % 5)] : q[(i / 5 * 2) + (i % 5) - 3])], y);
    }
}
