using ModelOpt.Runtime.Tests.Kernels;
using ModelOpt.Runtime.Tests.Tflite;

namespace ModelOpt.Runtime.Tests.Plan;

[TestClass]
internal sealed class PreprocessingFoldingTests
{
    private static readonly float[] Mean = [123.675f, 116.28f, 103.53f];
    private static readonly float[] Factor = [1 / 58.395f, 1 / 57.12f, 1 / 57.375f];

    [TestMethod]
    [DataRow(false, true)]
    [DataRow(true, true)]
    [DataRow(false, false)]
    [DataRow(true, false)]
    public void Raw_bytes_become_one_table_lookup(bool transposed, bool quantized)
    {
        // As written for an NCHW model: the bytes come as NHWC and are transposed, mean and deviation are [1, 3, 1, 1].
        int[] shape = transposed ? [-1, 3, 16, 20] : [-1, 16, 20, 3], constants = transposed ? [1, 3, 1, 1] : [3];
        var m = new TestModel();
        int x = m.Tensor("x", TensorType.UInt8, [-1, 16, 20, 3]), cast = m.Tensor(
            "cast", TensorType.Float32, [-1, 16, 20, 3]);
        m.Operator(BuiltinOperator.Cast, [x], [cast]);
        int current = cast;
        if (transposed)
        {
            int permutation = m.Constant("permutation", TensorType.Int32, [4], new[] { 0, 3, 1, 2 });
            current = m.Tensor("t", TensorType.Float32, shape);
            m.Operator(BuiltinOperator.Transpose, [cast, permutation], [current]);
        }
        int mean = m.Constant("mean", TensorType.Float32, constants, Mean), factor = m.Constant(
            "factor", TensorType.Float32, constants, Factor);
        int centred = m.Tensor(
            "centred", TensorType.Float32, shape), scaled = m.Tensor("scaled", TensorType.Float32, shape);
        m.Operator(
            BuiltinOperator.Sub, [current, mean], [centred],
            new ArithmeticOptions(BuiltinOptionsType.Sub, ActivationFunction.None));
        m.Operator(
            BuiltinOperator.Mul, [centred, factor], [scaled],
            new ArithmeticOptions(BuiltinOptionsType.Mul, ActivationFunction.None));
        int q = m.Tensor("q", TensorType.Int8, shape, 0.0187f, -14);
        if (quantized)
            m.Operator(BuiltinOperator.Quantize, [scaled], [q]);
        using TfliteModel model = TfliteModel.Load(m.Build([x], [quantized ? q : scaled]));
        Assert.AreEqual(transposed ? 2 : 1, model.Plan.Steps.Length);
        Assert.IsTrue(model.HasDynamicBatch);

        TestTensor image = TestTensor.Random(new Random(101), TensorType.UInt8, [1, 16, 20, 3]);
        TestTensor output = quantized
            ? OperatorTesting.Output(TensorType.Int8, shape, 0.0187f, -14)
            : OperatorTesting.Output(TensorType.Float32, shape);
        Array actual = OperatorTesting.Run(model, [image], [output])[0].Values;
        var bytes = (byte[])image.Values;
        for (int i = 0; i < actual.Length; i++)
        {
            (int pixel, int c) = transposed ? (i % 320, i / 320) : (i / 3, i % 3);
            float real = (bytes[(pixel * 3) + c] - Mean[c]) * Factor[c];
            object expected = quantized ? (object)(sbyte)Math.Clamp(MathF.Round(real / 0.0187f) - 14, -128, 127) : real;
            Assert.AreEqual(expected, actual.GetValue(i));
        }
    }

    [TestMethod]
    public void An_intermediate_value_that_is_needed_elsewhere_stays()
    {
        var m = new TestModel();
        int x = m.Tensor("x", TensorType.UInt8, [1, 4]), cast = m.Tensor("cast", TensorType.Float32, [1, 4]);
        int two = m.Constant(
            "two", TensorType.Float32, [], new[] { 2f }), y = m.Tensor("y", TensorType.Float32, [1, 4]);
        m.Operator(BuiltinOperator.Cast, [x], [cast]);
        m.Operator(
            BuiltinOperator.Mul, [cast, two], [y],
            new ArithmeticOptions(BuiltinOptionsType.Mul, ActivationFunction.None));
        using TfliteModel model = TfliteModel.Load(m.Build([x], [y, cast]));
        TestTensor output = OperatorTesting.Output(TensorType.Float32, [1, 4]);
        TestTensor[] results = OperatorTesting.Run(
            model, [new TestTensor(TensorType.UInt8, [1, 4], new byte[] { 0, 1, 200, 255 })], [output, output]);
        CollectionAssert.AreEqual((float[])[0, 2, 400, 510], (float[])results[0].Values);
        CollectionAssert.AreEqual((float[])[0, 1, 200, 255], (float[])results[1].Values);
    }
}
