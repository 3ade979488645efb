namespace ModelOpt.Runtime.Tests.Kernels.Movement;

[TestClass]
internal sealed class SqueezeOperatorTests
{
    [TestMethod]
    public void Bytes_stay_where_they_are()
    {
        foreach (TensorType type in Types)
        {
            TestTensor x = TestTensor.Random(new Random(70), type, [2, 1, 6, 1]);
            CollectionAssert.AreEqual(x.Values,
                Run(BuiltinOperator.Squeeze, new VectorOptions(BuiltinOptionsType.Squeeze, [1]), [x], Output(type, [2, 6, 1]))[0].Values);
            CollectionAssert.AreEqual(x.Values,
                Run(BuiltinOperator.Squeeze, new VectorOptions(BuiltinOptionsType.Squeeze, []), [x], Output(type, [2, 6]))[0].Values);
        }
    }

    [TestMethod]
    public void A_dimension_that_is_not_1_stays()
    {
        var e = Assert.ThrowsExactly<InvalidModelException>(() => Run(
            BuiltinOperator.Squeeze, new VectorOptions(BuiltinOptionsType.Squeeze, [0]), [TestTensor.Float([3], 1, 2, 3)],
            Output(TensorType.Float32, [])));
        StringAssert.Contains(e.Message, "dimension 0 is 3, not 1");
    }
}
