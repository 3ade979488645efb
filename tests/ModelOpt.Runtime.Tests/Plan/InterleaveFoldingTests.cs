using ModelOpt.Runtime.Tests.Kernels;
using ModelOpt.Runtime.Tests.Tflite;

namespace ModelOpt.Runtime.Tests.Plan;

[TestClass]
internal sealed class InterleaveFoldingTests
{
    [TestMethod]
    [DataRow(true, 3)]
    [DataRow(false, 3)]
    [DataRow(true, 2)]
    [DataRow(false, 4)]
    [DataRow(true, 7)]
    public void Quantization_and_transposition_are_one_step_for_few_planes(bool quantizeFirst, int planes)
    {
        int[] nchw = [1, planes, 9, 14], nhwc = [1, 9, 14, planes];
        var m = new TestModel();
        int x = m.Tensor("x", TensorType.Float32, nchw);
        int between = quantizeFirst
            ? m.Tensor("between", TensorType.Int8, nchw, 0.021f, -3)
            : m.Tensor("between", TensorType.Float32, nhwc);
        int y = m.Tensor("y", TensorType.Int8, nhwc, 0.021f, -3);
        int permutation = m.Constant("permutation", TensorType.Int32, [4], new[] { 0, 2, 3, 1 });
        if (quantizeFirst)
        {
            m.Operator(BuiltinOperator.Quantize, [x], [between]);
            m.Operator(BuiltinOperator.Transpose, [between, permutation], [y]);
        }
        else
        {
            m.Operator(BuiltinOperator.Transpose, [x, permutation], [between]);
            m.Operator(BuiltinOperator.Quantize, [between], [y]);
        }

        using TfliteModel model = TfliteModel.Load(m.Build([x], [y]));
        Assert.AreEqual(planes <= 4 ? 1 : 2, model.Plan.Steps.Length);
        TestTensor input = TestTensor.Random(new Random(7), TensorType.Float32, nchw);
        var actual = (sbyte[])OperatorTesting.Run(model, [input], [OperatorTesting.Output(TensorType.Int8, nhwc, 0.021f, -3)])[0].Values;
        var values = (float[])input.Values;
        for (int i = 0; i < values.Length; i++)
        {
            float expected = Math.Clamp(MathF.Round(values[i] / 0.021f) - 3, -128, 127);
            Assert.AreEqual((sbyte)expected, actual[(i % 126 * planes) + (i / 126)]);
        }
    }

    [TestMethod]
    public void What_is_used_before_the_transposition_stays()
    {
        var m = new TestModel();
        int x = m.Tensor("x", TensorType.Float32, [1, 3, 2, 2]), q = m.Tensor("q", TensorType.Int8, [1, 3, 2, 2], 1, 0);
        int y = m.Tensor("y", TensorType.Int8, [1, 2, 2, 3], 1, 0);
        m.Operator(BuiltinOperator.Quantize, [x], [q]);
        m.Operator(BuiltinOperator.Transpose, [q, m.Constant("p", TensorType.Int32, [4], new[] { 0, 2, 3, 1 })], [y]);
        using TfliteModel model = TfliteModel.Load(m.Build([x], [q, y]));
        TestTensor[] results = OperatorTesting.Run(
            model, [TestTensor.Float([1, 3, 2, 2], 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)],
            [OperatorTesting.Output(TensorType.Int8, [1, 3, 2, 2], 1), OperatorTesting.Output(TensorType.Int8, [1, 2, 2, 3], 1)]);
        CollectionAssert.AreEqual((sbyte[])[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], (sbyte[])results[0].Values);
        CollectionAssert.AreEqual((sbyte[])[0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11], (sbyte[])results[1].Values);
    }
}
