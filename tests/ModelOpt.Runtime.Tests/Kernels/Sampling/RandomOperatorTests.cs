namespace ModelOpt.Runtime.Tests.Kernels.Sampling;

[TestClass]
internal sealed class RandomOperatorTests
{
    private static readonly RandomOptions Seeds = new(5, 1);

    [TestMethod]
    public void Numbers_have_the_shape_that_is_given_or_computed()
    {
        foreach (BuiltinOperator op in (BuiltinOperator[])[BuiltinOperator.RandomUniform, BuiltinOperator.RandomStandardNormal])
        {
            foreach (bool isConstant in (bool[])[true, false])
            {
                TestTensor shape = TestTensor.Ints(2, 300) with { IsConstant = isConstant };
                TestTensor y = Run(op, Seeds, [shape], Output(TensorType.Float32, [2, 300]))[0];
                Assert.AreEqual(op == BuiltinOperator.RandomUniform ? 0.5 : 0, y.Real().Average(), 0.2);
            }
        }
    }

    [TestMethod]
    public void What_does_not_fit_is_refused()
    {
        AssertRefused("a size is negative", BuiltinOperator.RandomUniform, Seeds, [TestTensor.Ints(-2)], Output(TensorType.Float32, [1]));
        TestTensor integers = Output(TensorType.Int32, [2]);
        AssertRefused("Float32[2] by the inputs", BuiltinOperator.RandomUniform, Seeds, [TestTensor.Ints(2)], integers);
        AssertRefused("lacks input 0", BuiltinOperator.RandomStandardNormal, Seeds, [], Output(TensorType.Float32, [2]));
    }
}
