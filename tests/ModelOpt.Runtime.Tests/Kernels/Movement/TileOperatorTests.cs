namespace ModelOpt.Runtime.Tests.Kernels.Movement;

[TestClass]
internal sealed class TileOperatorTests
{
    [TestMethod]
    public void Elements_are_repeated_along_each_dimension()
    {
        var random = new Random(71);
        foreach (TensorType type in Types)
        {
            for (int round = 0; round < 20; round++)
            {
                int[] shape = [.. Enumerable.Range(0, random.Next(1, 5)).Select(_ => random.Next(1, 5))];
                int[] repeats = [.. shape.Select(_ => random.Next(1, 4))];
                TestTensor x = TestTensor.Random(random, type, shape);
                TestTensor y = Run(
                    BuiltinOperator.Tile, null, [x, TestTensor.Ints(repeats)], Output(type, [.. shape.Zip(repeats, (s, r) => s * r)]))[0];
                AssertMoved(x, y, index => [.. index.Select((i, axis) => i % shape[axis])]);
            }
        }
    }

    [TestMethod]
    public void Repeats_that_do_not_fit_are_refused()
    {
        TestTensor x = TestTensor.Random(new Random(72), TensorType.Float32, [2, 3]);
        Assert.ThrowsExactly<InvalidModelException>(
            () => Run(BuiltinOperator.Tile, null, [x, TestTensor.Ints(2)], Output(TensorType.Float32, [4, 3])));
        Assert.ThrowsExactly<InvalidModelException>(
            () => Run(BuiltinOperator.Tile, null, [x, TestTensor.Ints(-1, 2)], Output(TensorType.Float32, [2, 6])));
    }
}
