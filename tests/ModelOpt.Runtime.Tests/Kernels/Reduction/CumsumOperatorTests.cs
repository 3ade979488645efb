namespace ModelOpt.Runtime.Tests.Kernels.Reduction;

[TestClass]
internal sealed class CumsumOperatorTests
{
    private static readonly TestTensor Numbers = TestTensor.Float([2, 3], 1, 2, 3, 4, 5, 6);

    [TestMethod]
    [DataRow(1, false, false, new float[] { 1, 3, 6, 4, 9, 15 })]
    [DataRow(-1, true, false, new float[] { 0, 1, 3, 0, 4, 9 })]
    [DataRow(1, false, true, new float[] { 6, 5, 3, 15, 11, 6 })]
    [DataRow(1, true, true, new float[] { 5, 3, 0, 11, 6, 0 })]
    [DataRow(0, false, false, new float[] { 1, 2, 3, 5, 7, 9 })]
    [DataRow(-2, true, true, new float[] { 4, 5, 6, 0, 0, 0 })]
    public void Sums_follow_the_options(int axis, bool exclusive, bool reverse, float[] expected)
    {
        foreach (TensorType type in (TensorType[])[TensorType.Float32, TensorType.Int32, TensorType.Int64])
        {
            Array values = type switch
            {
                TensorType.Float32 => Numbers.Values,
                TensorType.Int32 => new[] { 1, 2, 3, 4, 5, 6 },
                _ => new[] { 1L, 2, 3, 4, 5, 6 },
            };
            TestTensor y = Run(
                BuiltinOperator.Cumsum, new CumsumOptions(exclusive, reverse), [new(type, [2, 3], values), TestTensor.Ints(axis)],
                Output(type, [2, 3]))[0];
            CollectionAssert.AreEqual(Array.ConvertAll(expected, e => (double)e), y.Real());
        }
    }

    [TestMethod]
    public void Without_options_sums_go_forward_and_hold_each_number()
    {
        TestTensor y = Run(BuiltinOperator.Cumsum, null, [Numbers, TestTensor.Ints(1)], Output(TensorType.Float32, [2, 3]))[0];
        CollectionAssert.AreEqual((float[])[1, 3, 6, 4, 9, 15], (float[])y.Values);
    }

    [TestMethod]
    public void A_computed_axis_is_known_in_the_run()
    {
        TestTensor axis = TestTensor.Ints(0) with { IsConstant = false }, y = Output(TensorType.Float32, [2, 3]);
        CollectionAssert.AreEqual((float[])[1, 2, 3, 5, 7, 9], (float[])Run(BuiltinOperator.Cumsum, null, [Numbers, axis], y)[0].Values);
        AssertRunRefused(
            "axis -3 does not exist in 2 dimensions", BuiltinOperator.Cumsum, null, [Numbers, axis with { Values = new[] { -3 } }], y);
    }

    [TestMethod]
    public void What_does_not_fit_is_refused()
    {
        TestTensor y = Output(TensorType.Float32, [2, 3]), bytes = TestTensor.Random(new Random(1), TensorType.Int8, [2, 3], 0.1f);
        Refused("axis 2 does not exist in 2 dimensions", Numbers, TestTensor.Ints(2), y);
        Refused("has 2 elements where at most 1 are expected", Numbers, TestTensor.Ints(0, 1), y);
        Refused("where int32 or int64 is expected", Numbers, TestTensor.Float([1], 1).AsConstant(), y);
        Refused("axis 0 does not exist in 0 dimensions", TestTensor.Float([], 1), TestTensor.Ints(0), Output(TensorType.Float32, []));
        Refused("in the file, but Float32[2, 3] by the inputs", Numbers, TestTensor.Ints(1), Output(TensorType.Float32, [3, 2]));
        Refused("not supported for Int8", bytes, TestTensor.Ints(1), Output(TensorType.Int8, [2, 3], 0.1f));

        static void Refused(string text, TestTensor x, TestTensor axis, TestTensor y) =>
            AssertRefused(text, BuiltinOperator.Cumsum, new CumsumOptions(false, false), [x, axis], y);
    }
}
