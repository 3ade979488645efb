namespace ModelOpt.Runtime.Tests.Kernels.Movement;

[TestClass]
internal sealed class GatherOperatorTests
{
    [TestMethod]
    public void Elements_of_an_axis()
    {
        var random = new Random(67);
        foreach (TensorType type in Types)
        {
            TestTensor x = TestTensor.Random(random, type, [3, 5, 2]);
            int[] indices = [4, 0, 0, 2];
            TestTensor y = Run(
                BuiltinOperator.Gather, new GatherOptions(1), [x, TestTensor.Ints(indices)],
                Output(type, [3, 4, 2]))[0];
            AssertMoved(x, y, i => [i[0], indices[i[1]], i[2]]);
        }
        TestTensor f = TestTensor.Random(random, TensorType.Float32, [3, 5]), outside = new(
            TensorType.Int64, [1], new long[] { 5 });
        Assert.ThrowsExactly<ArgumentException>(
            () => Run(BuiltinOperator.Gather, new GatherOptions(1), [f, outside], Output(TensorType.Float32, [3, 1])));
    }

    [TestMethod]
    public void Elements_of_an_axis_with_indices_for_each_sample()
    {
        var random = new Random(68);
        TestTensor x = TestTensor.Random(random, TensorType.Float32, [2, 5, 3]);
        int[] indices = [4, 0, 1, 2, 2, 3];
        TestTensor y = Run(
            BuiltinOperator.Gather, new GatherOptions(1, 1), [x, new(TensorType.Int32, [2, 3], indices)],
            Output(TensorType.Float32, [2, 3, 3]))[0];
        AssertMoved(x, y, i => [i[0], indices[(i[0] * 3) + i[1]], i[2]]);
        Assert.ThrowsExactly<InvalidModelException>(() => Run(
            BuiltinOperator.Gather, new GatherOptions(1, 1), [x, new(TensorType.Int32, [3, 2], indices)],
            Output(TensorType.Float32, [2, 2, 3])));
    }
}
