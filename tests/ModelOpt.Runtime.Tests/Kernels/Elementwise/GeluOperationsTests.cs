namespace ModelOpt.Runtime.Tests.Kernels.Elementwise;

[TestClass]
internal sealed class GeluOperationsTests
{
    [TestMethod]
    public void Small_results_keep_their_digits_and_far_ones_are_zero()
    {
        TestTensor x = TestTensor.Float([5], -4, -2, 3, -1e30f, 1e30f);
        float[] y = (float[])Run(BuiltinOperator.Gelu, new GeluOptions(false), [x], Output(TensorType.Float32, [5]))[0].Values;
        Assert.AreEqual(-1.2668496e-4, y[0], 1e-9);
        Assert.AreEqual(-0.04550026, y[1], 1e-7);
        Assert.AreEqual(2.9959503, y[2], 1e-6);
        Assert.AreEqual(0, y[3]);
        Assert.AreEqual(1e30f, y[4]);
    }

    /// <summary>x · Φ(x) to six digits, where 1 + erf(x / √2) is 0 in float32.</summary>
    [TestMethod]
    [DataRow(-6f, -5.919526e-9f)]
    [DataRow(-8f, -4.976873e-15f)]
    [DataRow(-12f, -2.131778e-32f)]
    [DataRow(-15f, 0f)]
    public void Results_far_below_zero_are_not_lost(float x, float expected)
    {
        float y = ((float[])Run(
            BuiltinOperator.Gelu, new GeluOptions(false), [TestTensor.Float([1], x)], Output(TensorType.Float32, [1]))[0].Values)[0];
        Assert.AreEqual(expected, y, 1e-4f * Math.Abs(expected));
    }

    [TestMethod]
    public void Small_results_of_the_approximation_keep_their_digits_too()
    {
        TestTensor x = TestTensor.Float([5], -6, -2, 3, -1e30f, 1e30f);
        float[] y = (float[])Run(BuiltinOperator.Gelu, new GeluOptions(true), [x], Output(TensorType.Float32, [5]))[0].Values;
        Assert.AreEqual(-8.4396467e-11, y[0], 1e-15);
        Assert.AreEqual(-0.045402306, y[1], 1e-7);
        Assert.AreEqual(2.9963626, y[2], 1e-6);
        Assert.AreEqual(0, y[3]);
        Assert.AreEqual(1e30f, y[4]);
    }
}
