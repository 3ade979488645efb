namespace ModelOpt.Runtime.Tests.Kernels.Movement;

[TestClass]
internal sealed class ExpandDimsOperatorTests
{
    [TestMethod]
    public void Bytes_stay_where_they_are()
    {
        foreach (TensorType type in Types)
        {
            TestTensor x = TestTensor.Random(new Random(70), type, [2, 6]);
            CollectionAssert.AreEqual(x.Values,
                Run(BuiltinOperator.ExpandDims, null, [x, TestTensor.Ints(0)], Output(type, [1, 2, 6]))[0].Values);
            CollectionAssert.AreEqual(x.Values,
                Run(BuiltinOperator.ExpandDims, null, [x, TestTensor.Ints(-1)], Output(type, [2, 6, 1]))[0].Values);
        }
    }
}
