namespace ModelOpt.Runtime.Tests.Kernels.Reduction;

[TestClass]
internal sealed class TopKOperatorTests
{
    private static readonly TestTensor Numbers = TestTensor.Float([2, 3], 1, 3, 2, 6, 6, 5);

    [TestMethod]
    public void The_greatest_of_the_last_dimension_and_their_positions()
    {
        foreach (TensorType type in Types.Except([TensorType.Bool]))
        {
            float scale = type is TensorType.Int8 or TensorType.UInt8 ? 0.5f : 0;
            TestTensor x = TestTensor.Random(new Random(4), type, [2, 3, 5], scale, 0);
            TestTensor[] y = Run(
                BuiltinOperator.TopKV2, null, [x, TestTensor.Ints(2)], Output(type, [2, 3, 2], scale), Output(TensorType.Int32, [2, 3, 2]));
            double[] real = x.Real();
            int[] places = [.. Enumerable.Range(0, 6).SelectMany(
                row => Enumerable.Range(0, 5).OrderByDescending(i => real[(row * 5) + i]).Take(2))];
            CollectionAssert.AreEqual(places, y[1].Values, $"{type}");
            CollectionAssert.AreEqual(places.Select((place, i) => real[(i / 2 * 5) + place]).ToArray(), y[0].Real(), $"{type}");
        }
    }

    [TestMethod]
    public void None_and_all_can_be_asked_for()
    {
        TestTensor[] none = Best(0), all = Best(3);
        Assert.IsEmpty((float[])none[0].Values);
        Assert.IsEmpty((int[])none[1].Values);
        CollectionAssert.AreEqual((float[])[3, 2, 1, 6, 6, 5], (float[])all[0].Values);
        CollectionAssert.AreEqual((int[])[1, 2, 0, 0, 1, 2], (int[])all[1].Values);

        static TestTensor[] Best(int count) => Run(
            BuiltinOperator.TopKV2, null, [Numbers, TestTensor.Ints(count)],
            Output(TensorType.Float32, [2, count]), Output(TensorType.Int32, [2, count]));
    }

    [TestMethod]
    public void A_computed_number_is_known_in_the_run()
    {
        TestTensor count = TestTensor.Ints(1) with { IsConstant = false };
        TestTensor[] y = [Output(TensorType.Float32, [2, 1]), Output(TensorType.Int32, [2, 1])];
        CollectionAssert.AreEqual((float[])[3, 6], (float[])Run(BuiltinOperator.TopKV2, null, [Numbers, count], y)[0].Values);
        foreach (int wrong in (int[])[4, -1])
        {
            AssertRunRefused(
                $"{wrong} elements are asked of 3", BuiltinOperator.TopKV2, null, [Numbers, count with { Values = new[] { wrong } }], y);
        }
    }

    [TestMethod]
    public void What_does_not_fit_is_refused()
    {
        TestTensor[] y = [Output(TensorType.Float32, [2, 4]), Output(TensorType.Int32, [2, 4])];
        Refused("4 elements are asked of 3", Numbers, TestTensor.Ints(4), y);
        Refused("-1 elements are asked of 3", Numbers, TestTensor.Ints(-1), y);
        Refused("has 2 elements where at most 1 are expected", Numbers, TestTensor.Ints(1, 1), y);
        Refused("the number is not one", Numbers, TestTensor.Ints(), y);
        Refused("the input has no dimension", TestTensor.Float([], 1), TestTensor.Ints(1), y);
        Refused("it has 2 outputs, not 1", Numbers, TestTensor.Ints(2), Output(TensorType.Float32, [2, 2]));
        Refused("in the file, but Int32[2, 2] by the inputs", Numbers, TestTensor.Ints(2),
            Output(TensorType.Float32, [2, 2]), Output(TensorType.Int64, [2, 2]));
        TestTensor bytes = TestTensor.Random(new Random(1), TensorType.Int8, [2, 3], 0.1f);
        Refused("input and output have different scales", bytes, TestTensor.Ints(2),
            Output(TensorType.Int8, [2, 2], 0.2f), Output(TensorType.Int32, [2, 2]));
        Refused("not supported for Bool", TestTensor.Random(new Random(1), TensorType.Bool, [2, 3]), TestTensor.Ints(2),
            Output(TensorType.Bool, [2, 2]), Output(TensorType.Int32, [2, 2]));

        static void Refused(string text, TestTensor x, TestTensor count, params TestTensor[] y) =>
            AssertRefused(text, BuiltinOperator.TopKV2, null, [x, count], y);
    }
}
