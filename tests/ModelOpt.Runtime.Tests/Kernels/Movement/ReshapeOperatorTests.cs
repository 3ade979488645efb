namespace ModelOpt.Runtime.Tests.Kernels.Movement;

[TestClass]
internal sealed class ReshapeOperatorTests
{
    [TestMethod]
    public void Bytes_stay_where_they_are()
    {
        foreach (TensorType type in Types)
        {
            TestTensor x = TestTensor.Random(new Random(70), type, [2, 1, 6]);
            CollectionAssert.AreEqual(x.Values,
                Run(BuiltinOperator.Reshape, new VectorOptions(BuiltinOptionsType.Reshape, [3, 4]), [x], Output(type, [3, 4]))[0].Values);
            CollectionAssert.AreEqual(x.Values,
                Run(BuiltinOperator.Reshape, null, [x, TestTensor.Ints(2, -1)], Output(type, [2, 6]))[0].Values);
        }
    }

    [TestMethod]
    public void Another_number_of_elements_is_refused()
    {
        var e = Assert.ThrowsExactly<InvalidModelException>(() => Run(
            BuiltinOperator.Reshape, new VectorOptions(BuiltinOptionsType.Reshape, [2, 2]), [TestTensor.Float([3], 1, 2, 3)],
            Output(TensorType.Float32, [2, 2])));
        StringAssert.Contains(e.Message, "the input's 3 elements do not make shape [2, 2]");
    }
}
