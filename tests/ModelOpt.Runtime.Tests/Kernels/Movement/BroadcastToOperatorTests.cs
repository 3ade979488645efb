namespace ModelOpt.Runtime.Tests.Kernels.Movement;

[TestClass]
internal sealed class BroadcastToOperatorTests
{
    [TestMethod]
    public void Axes_of_one_element_repeat()
    {
        foreach (TensorType type in Types)
        {
            TestTensor x = TestTensor.Random(new Random(5), type, [3, 1, 2]);
            foreach (bool isConstant in new[] { true, false })
            {
                TestTensor y = Run(
                    BuiltinOperator.BroadcastTo, null, [x, TestTensor.Ints(2, 3, 4, 2) with { IsConstant = isConstant }],
                    Output(type, [2, 3, 4, 2]))[0] with { Shape = [2, 3, 4, 2] };
                AssertMoved(x, y, i => [i[1], 0, i[3]]);
            }
        }
    }

    [TestMethod]
    public void Other_shapes_are_refused()
    {
        TestTensor x = TestTensor.Float([2], 1, 2);
        Assert.ThrowsExactly<InvalidModelException>(
            () => Run(BuiltinOperator.BroadcastTo, null, [x, TestTensor.Ints(3)], Output(TensorType.Float32, [3])));
    }
}
