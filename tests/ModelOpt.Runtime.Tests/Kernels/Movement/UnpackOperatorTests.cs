namespace ModelOpt.Runtime.Tests.Kernels.Movement;

[TestClass]
internal sealed class UnpackOperatorTests
{
    [TestMethod]
    [DataRow(0)]
    [DataRow(-2)]
    public void One_output_for_each_index(int axis)
    {
        foreach (TensorType type in Types)
        {
            TestTensor x = TestTensor.Random(new Random(63), type, axis == 0 ? [2, 6, 3] : [6, 2, 3]), piece = Output(type, [6, 3]);
            TestTensor[] y = Run(BuiltinOperator.Unpack, new PackOptions(BuiltinOptionsType.Unpack, 2, axis), [x], piece, piece);
            for (int k = 0; k < 2; k++)
                AssertMoved(x, y[k], i => axis == 0 ? [k, .. i] : [i[0], k, i[1]]);
        }
    }
}
