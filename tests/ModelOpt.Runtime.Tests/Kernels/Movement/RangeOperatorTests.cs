namespace ModelOpt.Runtime.Tests.Kernels.Movement;

[TestClass]
internal sealed class RangeOperatorTests
{
    [TestMethod]
    [DataRow(0, 5, 2, "0 2 4")]
    [DataRow(0, 4, 2, "0 2")]
    [DataRow(3, -2, -2, "3 1 -1")]
    [DataRow(3, 3, 1, "")]
    [DataRow(3, 9, -1, "")]
    public void Numbers_up_to_the_limit(int start, int limit, int delta, string expected)
    {
        TestTensor[] given = [.. new[] { start, limit, delta }.Select(n => new TestTensor(TensorType.Int32, [], new[] { n }))];
        Assert.AreEqual(expected, string.Join(' ', (int[])Run(BuiltinOperator.Range, null, given,
            Output(TensorType.Int32, [1]))[0].Values));
        given = [.. given.Select(t => new TestTensor(TensorType.Float32, [], new[] { (float)t.Real()[0] }))];
        Assert.AreEqual(expected, string.Join(' ', (float[])Run(BuiltinOperator.Range, null, given,
            Output(TensorType.Float32, [1]))[0].Values));
    }

    [TestMethod]
    public void No_step_and_too_many_numbers_are_refused()
    {
        foreach ((int limit, int delta) in new[] { (1, 0), (int.MaxValue, 1) })
        {
            TestTensor[] given = [.. new[] { 0, limit, delta }.Select(n => new TestTensor(TensorType.Int32, [], new[] { n }))];
            Assert.ThrowsExactly<ArgumentException>(() => Run(BuiltinOperator.Range, null, given, Output(TensorType.Int32, [1])));
        }
    }
}
