namespace ModelOpt.Runtime.Tests.Kernels.Movement;

[TestClass]
internal sealed class DepthToSpaceOperatorTests
{
    [TestMethod]
    public void Channels_become_pixels_and_channels_again()
    {
        var random = new Random(68);
        foreach (TensorType type in Types)
        {
            TestTensor x = TestTensor.Random(random, type, [2, 3, 4, 12]);
            TestTensor y = Run(
                BuiltinOperator.DepthToSpace, new BlockOptions(BuiltinOptionsType.DepthToSpace, 2), [x],
                Output(type, [2, 6, 8, 3]))[0];
            AssertMoved(x, y, i => [i[0], i[1] / 2, i[2] / 2, (((i[1] % 2 * 2) + (i[2] % 2)) * 3) + i[3]]);
            TestTensor z = Run(
                BuiltinOperator.SpaceToDepth, new BlockOptions(BuiltinOptionsType.SpaceToDepth, 2), [y],
                Output(type, [2, 3, 4, 12]))[0];
            CollectionAssert.AreEqual(x.Values, z.Values);
        }
    }
}
