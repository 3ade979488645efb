namespace ModelOpt.Runtime.Tests.Kernels.Elementwise;

[TestClass]
internal sealed class PowOperatorTests
{
    [TestMethod]
    public void Floats_are_the_rounded_power_in_double()
    {
        foreach ((int[] left, int[] right, int[] output) in BroadcastReference.Shapes)
        {
            TestTensor a = TestTensor.Random(new Random(1), TensorType.Float32, left),
                b = TestTensor.Random(new Random(2), TensorType.Float32, right);
            float[] x = (float[])a.Values, e = (float[])b.Values;
            float[] expected = [.. BroadcastReference.Indices(left, right, output).Select(i => (float)Math.Pow(x[i.Left], e[i.Right]))];
            KernelTesting.AssertSameBits(
                expected, (float[])Run(BuiltinOperator.Pow, null, [a, b], Output(TensorType.Float32, output))[0].Values,
                $"[{string.Join(", ", output)}]");
        }
    }

    [TestMethod]
    public void Integers_saturate()
    {
        TestTensor a = new(TensorType.Int32, [5], new[] { 3, -2, 10, -10, 2 }), b = new(TensorType.Int32, [5], new[] { 4, 3, 20, 21, -1 });
        CollectionAssert.AreEqual(
            (int[])[81, -8, int.MaxValue, int.MinValue, 0],
            (int[])Run(BuiltinOperator.Pow, null, [a, b], Output(TensorType.Int32, [5]))[0].Values);
    }
}
