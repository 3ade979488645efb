namespace ModelOpt.Runtime.Tests.Kernels.Elementwise;

[TestClass]
internal sealed class LogicalNotOperatorTests
{
    [TestMethod]
    public void Each_is_the_other() => CollectionAssert.AreEqual(
        new[] { false, true, false },
        Run(BuiltinOperator.LogicalNot, null, [new(TensorType.Bool, [3], new[] { true, false, true })], Output(TensorType.Bool, [3]))[0]
            .Values);
}
