using ModelOpt.Runtime.Tflite;
using static ModelOpt.Runtime.Tests.Kernels.OperatorTesting;

namespace ModelOpt.Runtime.Tests.Kernels.Quantize;

[TestClass]
public class QuantizeOperatorTests
{
    [TestMethod]
    public void Ties_round_to_even_and_bounds_saturate()
    {
        float[] values = [0, 0.5f, 1.5f, 2.5f, -0.5f, -1.5f, 1e9f, -1e9f, float.PositiveInfinity, float.NegativeInfinity, float.NaN, 126.5f];

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
            if (from != TensorType.Float32)
                AssertClose(x.Real(), Run(BuiltinOperator.Dequantize, null, [x], Output(TensorType.Float32, [777]))[0]);
        }
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

    [TestMethod]
    public void Cast_truncates_and_saturates()
    {
        TestTensor x = TestTensor.Float([5], 1.9f, -1.9f, 3e9f, -3e9f, float.NaN);
        CollectionAssert.AreEqual(
            (int[])[1, -1, int.MaxValue, int.MinValue, 0], (int[])Run(BuiltinOperator.Cast, null, [x], Output(TensorType.Int32, [5]))[0].Values);
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
}
