namespace ModelOpt.Runtime.Tests.Kernels.Movement;

[TestClass]
internal sealed class FillOperatorTests
{
    [TestMethod]
    public void One_element_everywhere_in_a_shape_that_is_given_or_computed()
    {
        foreach (TensorType type in Types)
        {
            TestTensor value = TestTensor.Random(new Random(3), type, []);
            foreach (bool isConstant in new[] { true, false })
            {
                TestTensor y = Run(
                    BuiltinOperator.Fill, null, [TestTensor.Ints(2, 3) with { IsConstant = isConstant }, value], Output(type, [2, 3]))[0];
                CollectionAssert.AreEqual(Enumerable.Repeat(value.Values.GetValue(0), 6).ToArray(), y.Values);
            }
        }
    }

    [TestMethod]
    public void A_negative_size_is_refused_in_the_run_that_computes_it()
    {
        TestTensor value = TestTensor.Float([], 1);
        Assert.ThrowsExactly<ArgumentException>(() => Run(
            BuiltinOperator.Fill, null, [TestTensor.Ints(-2) with { IsConstant = false }, value], Output(TensorType.Float32, [1])));
    }
}
