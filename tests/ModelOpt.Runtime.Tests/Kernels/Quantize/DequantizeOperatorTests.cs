namespace ModelOpt.Runtime.Tests.Kernels.Quantize;

[TestClass]
internal sealed class DequantizeOperatorTests
{
    [TestMethod]
    [DataRow(nameof(TensorType.Int8))]
    [DataRow(nameof(TensorType.UInt8))]
    public void Steps_become_real_numbers(string typeName)
    {
        TestTensor x = TestTensor.Random(new Random(81), Enum.Parse<TensorType>(typeName), [777], 0.03f, 12);
        AssertClose(x.Real(), Run(BuiltinOperator.Dequantize, null, [x], Output(TensorType.Float32, [777]))[0]);
    }

    [TestMethod]
    public void Float16_constants_become_float32()
    {
        Half[] values = [(Half)1.5f, (Half)(-0.25f), Half.MaxValue];
        TestTensor one = TestTensor.Float([3], 0, 0, 0);
        var m = new Tflite.TestModel();
        int a = m.Tensor("a", TensorType.Float32, [3]), h = m.Constant("h", TensorType.Float16, [3], values);
        int f = m.Tensor("f", TensorType.Float32, [3]), y = m.Tensor("y", TensorType.Float32, [3]);
        m.Operator(BuiltinOperator.Dequantize, [h], [f]);
        m.Operator(
            BuiltinOperator.Add, [a, f], [y], new ArithmeticOptions(BuiltinOptionsType.Add, ActivationFunction.None));
        using TfliteModel model = TfliteModel.Load(m.Build([a], [y]));
        Assert.AreEqual(1, model.Plan.Steps.Length);
        TestTensor result = OperatorTesting.Run(model, [one], [Output(TensorType.Float32, [3])])[0];
        CollectionAssert.AreEqual((float[])[1.5f, -0.25f, (float)Half.MaxValue], (float[])result.Values);
    }
}
