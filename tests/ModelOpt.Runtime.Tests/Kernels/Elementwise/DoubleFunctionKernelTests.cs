namespace ModelOpt.Runtime.Tests.Kernels.Elementwise;

[TestClass]
internal sealed class DoubleFunctionKernelTests
{
    [TestMethod]
    public void Functions_are_those_of_double_precision()
    {
        TestTensor x = TestTensor.Random(new Random(1), TensorType.Float32, [5000]);
        foreach ((BuiltinOperator op, Func<double, double> f) in new (BuiltinOperator, Func<double, double>)[]
            { (BuiltinOperator.Sin, Math.Sin), (BuiltinOperator.Cos, Math.Cos), (BuiltinOperator.Sinh, Math.Sinh),
                (BuiltinOperator.Asinh, Math.Asinh) })
        {
            TestTensor y = Run(op, null, [x], Output(TensorType.Float32, [5000]))[0];
            CollectionAssert.AreEqual(Array.ConvertAll(x.Real(), v => (float)f(v)), y.Values, $"{op}");
        }
    }

    [TestMethod]
    public void Inverse_functions_have_bounds()
    {
        TestTensor x = TestTensor.Float([4], 0.5f, 1, 2, -2);
        CollectionAssert.AreEqual(
            new[] { float.NaN, 0, (float)Math.Acosh(2), float.NaN },
            Run(BuiltinOperator.Acosh, null, [x], Output(TensorType.Float32, [4]))[0].Values);
        CollectionAssert.AreEqual(
            new[] { (float)Math.Atanh(0.5), float.PositiveInfinity, float.NaN, float.NaN },
            Run(BuiltinOperator.Atanh, null, [x], Output(TensorType.Float32, [4]))[0].Values);
    }
}
