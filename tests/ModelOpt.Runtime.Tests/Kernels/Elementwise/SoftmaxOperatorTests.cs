namespace ModelOpt.Runtime.Tests.Kernels.Elementwise;

[TestClass]
internal sealed class SoftmaxOperatorTests
{
    [TestMethod]
    public void Agrees_with_the_formula_over_the_last_dimension()
    {
        var random = new Random(54);
        foreach (TensorType type in (TensorType[])[TensorType.Float32, TensorType.Int8, TensorType.UInt8])
        {
            (float scale, int zero) = type switch { TensorType.Int8 => (0.05f, 3), TensorType.UInt8 => (0.05f, 131), _ => (0f, 0) };
            TestTensor x = TestTensor.Random(random, type, [6, 33], scale, zero);
            TestTensor output = type == TensorType.Float32 ? Output(type, [6, 33]) : Output(
                type, [6, 33], 1 / 256f, type == TensorType.UInt8 ? 0 : -128);
            TestTensor y = Run(BuiltinOperator.Softmax, new SoftmaxOptions(1), [x], output)[0];
            double[] real = x.Real();
            AssertClose([.. real.Select((v, i) => Math.Exp(v) / real.Skip(i / 33 * 33).Take(33).Sum(Math.Exp))], y);
        }
    }
}
