namespace ModelOpt.Runtime.Tests.Kernels.Elementwise;

[TestClass]
internal sealed class PReluOperatorTests
{
    [TestMethod]
    public void Negative_values_are_multiplied_by_their_channels_slope()
    {
        var random = new Random(53);
        foreach (TensorType type in (TensorType[])[TensorType.Float32, TensorType.Int8, TensorType.UInt8])
        {
            (float scale, int zero) = type switch { TensorType.Int8 => (0.02f, 3), TensorType.UInt8 => (0.02f, 131), _ => (0f, 0) };
            TestTensor x = TestTensor.Random(random, type, [1, 5, 4, 37], scale, zero);
            TestTensor alpha = TestTensor.Random(random, type, [1, 1, 37], scale, zero).AsConstant();
            TestTensor y = Run(BuiltinOperator.PRelu, null, [x, alpha], Output(type, [1, 5, 4, 37], scale, zero))[0];
            double[] a = alpha.Real();
            AssertClose([.. x.Real().Select((v, i) => v < 0 ? v * a[i % 37] : v)], y);
        }
    }
}
