namespace ModelOpt.Runtime.Tests.Kernels.Movement;

[TestClass]
internal sealed class OneHotOperatorTests
{
    private static readonly TestTensor Indices = new(TensorType.Int32, [2], new[] { 2, 0 });
    private static readonly TestTensor On = TestTensor.Float([], 5), Off = TestTensor.Float([], -1);

    [TestMethod]
    public void The_new_axis_lies_where_the_options_say()
    {
        Assert([-1, -1, 5, 5, -1, -1], -1, [2, 3]);
        Assert([-1, -1, 5, 5, -1, -1], 1, [2, 3]);
        Assert([-1, 5, -1, -1, 5, -1], 0, [3, 2]);
        Assert([-1, 5, -1, -1, 5, -1], -2, [3, 2]);

        static void Assert(float[] expected, int axis, int[] shape) => CollectionAssert.AreEqual(
            expected,
            Compute(axis, [Indices, TestTensor.Ints(3), On, Off], Output(TensorType.Float32, shape)).Values);
    }

    [TestMethod]
    public void Values_of_every_type_by_int64_indices_constant_or_not()
    {
        TestTensor wide = new(TensorType.Int64, [2], new[] { 1L, -1 });
        foreach (TensorType type in Types)
        {
            TestTensor on = TestTensor.Random(new Random(1), type, []), off = TestTensor.Random(new Random(2), type, [1]);
            foreach (bool isConstant in (bool[])[true, false])
            {
                TestTensor[] inputs = [.. new[] { wide, TestTensor.Ints(2), on, off }.Select(t => t with { IsConstant = isConstant })];
                inputs[1] = inputs[1].AsConstant();
                TestTensor y = Compute(-1, inputs, Output(type, [2, 2]));
                CollectionAssert.AreEqual((double[])[off.Real()[0], on.Real()[0], off.Real()[0], off.Real()[0]], y.Real(), $"{type}");
            }
        }
    }

    [TestMethod]
    public void A_scalar_index_makes_a_vector_and_a_depth_of_0_nothing()
    {
        TestTensor index = new(TensorType.Int32, [], new[] { 1 });
        CollectionAssert.AreEqual(
            (float[])[-1, 5, -1],
            Compute(-1, [index, TestTensor.Ints(3), On, Off], Output(TensorType.Float32, [3])).Values);
        CollectionAssert.AreEqual(
            (float[])[],
            Compute(-1, [index, TestTensor.Ints(0), On, Off], Output(TensorType.Float32, [0])).Values);
    }

    [TestMethod]
    public void A_computed_depth_is_known_in_the_run()
    {
        TestTensor depth = TestTensor.Ints(2) with { IsConstant = false }, y = Output(TensorType.Float32, [2, 1]);
        CollectionAssert.AreEqual(
            (float[])[-1, -1, 5, -1], Compute(-1, [Indices, depth, On, Off], y).Values);
        AssertRunRefused(
            "the depth is not one number of at least 0", BuiltinOperator.OneHot, new OneHotOptions(-1),
            [Indices, depth with { Values = new[] { -1 } }, On, Off], y);
    }

    [TestMethod]
    public void What_does_not_fit_is_refused()
    {
        TestTensor depth = TestTensor.Ints(3), y = Output(TensorType.Float32, [2, 3]);
        Refused("the depth is not one number of at least 0", -1, [Indices, TestTensor.Ints(-1), On, Off], y);
        Refused("the depth is not one number of at least 0", -1, [Indices, TestTensor.Ints(), On, Off], y);
        Refused("has 2 elements where at most 1 are expected", -1, [Indices, TestTensor.Ints(3, 3), On, Off], y);
        Refused(
            "larger than the limit", -1, [Indices, TestTensor.Ints(int.MaxValue), On, Off],
            Output(TensorType.Float32, [2, int.MaxValue]));
        Refused("the values do not fit", -1, [Indices, depth, TestTensor.Float([2], 1, 2), Off], y);
        Refused("the values do not fit", -1, [Indices, depth, On, TestTensor.Ints(0)], y);
        Refused("axis 2 does not exist in 2 dimensions", 2, [Indices, depth, On, Off], y);
        Refused("axis -3 does not exist in 2 dimensions", -3, [Indices, depth, On, Off], y);
        Refused("in the file, but Float32[2, 3] by the inputs", -1, [Indices, depth, On, Off], Output(TensorType.Float32, [3, 2]));
        Refused("not supported for Float32", -1, [TestTensor.Float([2], 2, 0), depth, On, Off], y);
        Refused("lacks input 3", -1, [Indices, depth, On], y);
    }

    [TestMethod]
    public void Values_on_another_grid_are_refused()
    {
        TestTensor on = TestTensor.Random(new Random(1), TensorType.Int8, [], 0.1f, 3);
        TestTensor off = TestTensor.Random(new Random(2), TensorType.Int8, [], 0.1f, 3), depth = TestTensor.Ints(1);
        TestTensor y = Compute(-1, [Indices, depth, on, off], Output(TensorType.Int8, [2, 1], 0.1f, 3));
        CollectionAssert.AreEqual((double[])[off.Real()[0], on.Real()[0]], y.Real());
        foreach ((float scale, int zeroPoint) in ((float, int)[])[(0.2f, 3), (0.1f, 4)])
        {
            const string text = "must have the same quantization";
            TestTensor other = off with { Scale = scale, ZeroPoint = zeroPoint };
            Refused(text, -1, [Indices, depth, on, off], Output(TensorType.Int8, [2, 1], scale, zeroPoint));
            Refused(text, -1, [Indices, depth, on, other], Output(TensorType.Int8, [2, 1], 0.1f, 3));
        }
    }

    private static TestTensor Compute(int axis, TestTensor[] inputs, TestTensor y) =>
        Run(BuiltinOperator.OneHot, new OneHotOptions(axis), inputs, y)[0];

    private static void Refused(string text, int axis, TestTensor[] inputs, TestTensor y) =>
        AssertRefused(text, BuiltinOperator.OneHot, new OneHotOptions(axis), inputs, y);
}
