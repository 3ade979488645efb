namespace ModelOpt.Runtime.Tests.Kernels.Movement;

[TestClass]
internal sealed class PackOperatorTests
{
    [TestMethod]
    [DataRow(2)]
    [DataRow(-2)]
    public void Inputs_are_stacked_along_a_new_axis(int axis)
    {
        var random = new Random(64);
        foreach (TensorType type in Types)
        {
            TestTensor a = TestTensor.Random(random, type, [2, 3, 4]), c = TestTensor.Random(random, type, [2, 3, 4]);
            TestTensor y = Run(BuiltinOperator.Pack, new PackOptions(BuiltinOptionsType.Pack, 2, axis), [a, c],
                Output(type, [2, 3, 2, 4]))[0];
            AssertMoved(y, a, i => [i[0], i[1], 0, i[2]]);
            AssertMoved(y, c, i => [i[0], i[1], 1, i[2]]);
        }
    }
}
