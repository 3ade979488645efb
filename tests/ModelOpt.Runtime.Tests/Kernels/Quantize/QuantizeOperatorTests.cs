namespace ModelOpt.Runtime.Tests.Kernels.Quantize;

[TestClass]
internal sealed class QuantizeOperatorTests
{
    [TestMethod]
    public void Ties_round_to_even_and_bounds_saturate()
    {
        float[] values = [0, 0.5f, 1.5f, 2.5f, -0.5f, -1.5f, 1e9f, -1e9f, float.PositiveInfinity, float.NegativeInfinity, float.NaN,
            126.5f];

        // Long enough for the vector loop and its tail to meet every value.
        float[] many = [.. Enumerable.Range(0, 6).SelectMany(_ => values)];
        TestTensor x = TestTensor.Float([many.Length], many);
        int[] steps = [0, 0, 2, 2, 0, -2, 127, -128, 127, -128, 0, 126];
        var y = (sbyte[])Run(
            BuiltinOperator.Quantize, null, [x], Output(TensorType.Int8, [many.Length], 1, 0))[0].Values;
        CollectionAssert.AreEqual(Enumerable.Range(0, 6).SelectMany(_ => steps).Select(s => (sbyte)s).ToArray(), y);
        int[] unsigned = [3, 3, 5, 5, 3, 1, 255, 0, 255, 0, 3, 129];
        var u = (byte[])Run(
            BuiltinOperator.Quantize, null, [x], Output(TensorType.UInt8, [many.Length], 1, 3))[0].Values;
        CollectionAssert.AreEqual(Enumerable.Range(0, 6).SelectMany(_ => unsigned).Select(s => (byte)s).ToArray(), u);
    }

    [TestMethod]
    public void Between_any_two_quantizations()
    {
        var random = new Random(81);
        foreach (TensorType from in (TensorType[])[TensorType.Float32, TensorType.Int8, TensorType.UInt8])
        {
            TestTensor x = TestTensor.Random(
                random, from, [777], from == TensorType.Float32 ? 0 : 0.03f, from == TensorType.Float32 ? 0 : 12);
            foreach (TensorType to in (TensorType[])[TensorType.Int8, TensorType.UInt8])
                AssertClose(x.Real(), Run(BuiltinOperator.Quantize, null, [x], Output(to, [777], 0.041f, 7))[0]);
        }
    }
}
