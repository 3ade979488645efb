namespace ModelOpt.Runtime.Tests.Kernels.Movement;

[TestClass]
internal sealed class ScatterNdOperatorTests
{
    private static readonly TestTensor Rows = new(TensorType.Int32, [3, 1], new[] { 2, 0, 2 });

    [TestMethod]
    public void Updates_of_one_place_are_added_and_others_stay_0()
    {
        foreach (TensorType type in Types.Except([TensorType.Bool]))
        {
            TestTensor updates = TestTensor.Random(new Random(6), type, [3, 2]);
            Array.Clear(updates.Values, 4, 1);
            Array.Clear(updates.Values, 5, 1);
            foreach (bool isConstant in (bool[])[true, false])
            {
                TestTensor y = Run(
                    BuiltinOperator.ScatterNd, null,
                    [Rows with { IsConstant = isConstant }, updates with { IsConstant = isConstant }, TestTensor.Ints(4, 2)],
                    Output(type, [4, 2]))[0];
                double[] u = updates.Real();
                CollectionAssert.AreEqual((double[])[u[2], u[3], 0, 0, u[0], u[1], 0, 0], y.Real(), $"{type}");
            }
        }

        TestTensor x = TestTensor.Float([3], 1, 2, 4), sums = Run(
            BuiltinOperator.ScatterNd, null, [Rows, x, TestTensor.Ints(3)], Output(TensorType.Float32, [3]))[0];
        CollectionAssert.AreEqual((float[])[2, 0, 5], (float[])sums.Values);
    }

    [TestMethod]
    public void Indices_of_all_dimensions_say_single_elements()
    {
        TestTensor places = new(TensorType.Int32, [1, 2, 2], new[] { 1, 0, 0, 2 }), x = TestTensor.Float([1, 2], 7, 8);
        TestTensor y = Run(
            BuiltinOperator.ScatterNd, null, [places, x, TestTensor.Ints(2, 3)], Output(TensorType.Float32, [2, 3]))[0];
        CollectionAssert.AreEqual((float[])[0, 0, 8, 7, 0, 0], (float[])y.Values);
    }

    [TestMethod]
    public void A_computed_shape_is_known_in_the_run()
    {
        TestTensor shape = TestTensor.Ints(3) with { IsConstant = false };
        TestTensor x = TestTensor.Float([3], 1, 2, 4), y = Output(TensorType.Float32, [1]);
        CollectionAssert.AreEqual((float[])[2, 0, 5], (float[])Run(BuiltinOperator.ScatterNd, null, [Rows, x, shape], y)[0].Values);
        AssertRunRefused(
            "the shape does not fit the indices", BuiltinOperator.ScatterNd, null, [Rows, x, shape with { Values = new[] { -1 } }], y);
    }

    [TestMethod]
    public void Indices_outside_are_refused_when_they_are_known()
    {
        TestTensor x = TestTensor.Float([3], 1, 2, 4), y = Output(TensorType.Float32, [2]);
        AssertRunRefused(
            "SCATTER_ND of 'output0': index 2 does not exist in a dimension of 2", BuiltinOperator.ScatterNd, null,
            [Rows, x, TestTensor.Ints(2)], y);
        AssertRefused(
            "SCATTER_ND", BuiltinOperator.ScatterNd, null, [Rows.AsConstant(), x.AsConstant(), TestTensor.Ints(2)], y);
    }

    [TestMethod]
    public void What_does_not_fit_is_refused()
    {
        TestTensor x = TestTensor.Float([3, 2], 1, 2, 3, 4, 5, 6), shape = TestTensor.Ints(4, 2), y = Output(TensorType.Float32, [4, 2]);
        Refused("the indices are not int32 vectors", new(TensorType.Int64, [3, 1], new long[3]), x, shape, y);
        Refused("the indices are not int32 vectors", new(TensorType.Int32, [], new int[1]), x, shape, y);
        Refused("the shape does not fit the indices", new(TensorType.Int32, [3, 3], new int[9]), x, shape, y);
        Refused("the shape does not fit the indices", new(TensorType.Int32, [3, 0], Array.Empty<int>()), x, shape, y);
        Refused("the shape does not fit the indices", Rows, x, TestTensor.Ints(4, -2), y);
        Refused("the updates do not fit the indices and the shape", Rows, x, TestTensor.Ints(4, 3), Output(TensorType.Float32, [4, 3]));
        Refused("the updates do not fit the indices and the shape", Rows, TestTensor.Float([2, 2], 1, 2, 3, 4), shape, y);
        Refused("in the file, but Float32[4, 2] by the inputs", Rows, x, shape, Output(TensorType.Float32, [2, 4]));
        Refused("quantized updates are not supported", Rows, TestTensor.Random(new Random(1), TensorType.Int8, [3, 2], 0.1f), shape,
            Output(TensorType.Int8, [4, 2], 0.1f));
        Refused("not supported for Int32, Bool", Rows, TestTensor.Random(new Random(1), TensorType.Bool, [3, 2]), shape,
            Output(TensorType.Bool, [4, 2]));

        static void Refused(string text, TestTensor indices, TestTensor x, TestTensor shape, TestTensor y) =>
            AssertRefused(text, BuiltinOperator.ScatterNd, null, [indices, x, shape], y);
    }
}
