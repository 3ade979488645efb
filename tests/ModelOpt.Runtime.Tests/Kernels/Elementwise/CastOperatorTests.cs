namespace ModelOpt.Runtime.Tests.Kernels.Elementwise;

[TestClass]
internal sealed class CastOperatorTests
{
    [TestMethod]
    public void Floats_are_truncated_and_saturated()
    {
        TestTensor x = TestTensor.Float([5], 1.9f, -1.9f, 3e9f, -3e9f, float.NaN);
        CollectionAssert.AreEqual(
            (int[])[1, -1, int.MaxValue, int.MinValue, 0],
            (int[])Run(BuiltinOperator.Cast, null, [x], Output(TensorType.Int32, [5]))[0].Values);
        CollectionAssert.AreEqual(
            (byte[])[1, 0, 255, 0, 0], (byte[])Run(BuiltinOperator.Cast, null, [x], Output(TensorType.UInt8, [5]))[0].Values);
        TestTensor i = new(TensorType.Int32, [3], new[] { 0, -5, 7 });
        CollectionAssert.AreEqual(
            (bool[])[false, true, true],
            (bool[])Run(BuiltinOperator.Cast, null, [i], Output(TensorType.Bool, [3]))[0].Values);
        CollectionAssert.AreEqual(
            (float[])[0, -5, 7],
            (float[])Run(BuiltinOperator.Cast, null, [i], Output(TensorType.Float32, [3]))[0].Values);
    }

    [TestMethod]
    public void Integers_keep_their_low_bits()
    {
        TestTensor x = new(TensorType.Int32, [4], new[] { 300, -1, 128, -129 });
        CollectionAssert.AreEqual((byte[])[44, 255, 128, 127],
            (byte[])Run(BuiltinOperator.Cast, null, [x], Output(TensorType.UInt8, [4]))[0].Values);
        CollectionAssert.AreEqual((sbyte[])[44, -1, -128, 127],
            (sbyte[])Run(BuiltinOperator.Cast, null, [x], Output(TensorType.Int8, [4]))[0].Values);
    }
}
