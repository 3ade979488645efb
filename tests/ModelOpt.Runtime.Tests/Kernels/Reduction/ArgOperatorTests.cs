namespace ModelOpt.Runtime.Tests.Kernels.Reduction;

[TestClass]
internal sealed class ArgOperatorTests
{
    private static readonly ArgOptions Narrow = new(true, TensorType.Int32);

    [TestMethod]
    public void Positions_along_each_axis_of_every_type()
    {
        foreach (TensorType type in Types)
        {
            float scale = type is TensorType.Int8 or TensorType.UInt8 ? 0.5f : 0;
            TestTensor x = TestTensor.Random(new Random(9), type, [2, 3], scale);
            double[] real = x.Real();
            foreach (bool greatest in (bool[])[true, false])
            {
                BuiltinOperator op = greatest ? BuiltinOperator.ArgMax : BuiltinOperator.ArgMin;
                long[] rows = [Best(real[..3], greatest), Best(real[3..], greatest)];
                long[] columns = [.. Enumerable.Range(0, 3).Select(c => Best([real[c], real[3 + c]], greatest))];
                var wide = new ArgOptions(greatest, TensorType.Int64);
                CollectionAssert.AreEqual(rows, Run(op, wide, [x, TestTensor.Ints(-1)], Output(TensorType.Int64, [2]))[0].Values);
                CollectionAssert.AreEqual(
                    Array.ConvertAll(columns, i => (int)i),
                    Run(op, new ArgOptions(greatest, TensorType.Int32), [x, TestTensor.Ints(0)], Output(TensorType.Int32, [3]))[0].Values);
            }
        }
    }

    [TestMethod]
    public void Without_options_positions_are_int32()
    {
        TestTensor y = Run(
            BuiltinOperator.ArgMax, null, [TestTensor.Float([1, 3], 1, 3, 2), TestTensor.Ints(1)], Output(TensorType.Int32, [1]))[0];
        CollectionAssert.AreEqual((int[])[1], (int[])y.Values);
    }

    [TestMethod]
    public void A_computed_axis_is_known_in_the_run()
    {
        TestTensor x = TestTensor.Float([2, 2], 1, 4, 3, 2);
        TestTensor axis = TestTensor.Ints(0) with { IsConstant = false };
        CollectionAssert.AreEqual(
            (int[])[1, 0], (int[])Run(BuiltinOperator.ArgMax, Narrow, [x, axis], Output(TensorType.Int32, [2]))[0].Values);
        AssertRunRefused(
            "axis 2 does not exist in 2 dimensions", BuiltinOperator.ArgMax, Narrow,
            [x, axis with { Values = new[] { 2 } }], Output(TensorType.Int32, [2]));
    }

    [TestMethod]
    public void What_does_not_fit_is_refused()
    {
        TestTensor x = TestTensor.Float([2, 3], 1, 2, 3, 4, 5, 6), y = Output(TensorType.Int32, [2]);
        Refused("axis 2 does not exist in 2 dimensions", x, TestTensor.Ints(2), y);
        Refused("axis -3 does not exist in 2 dimensions", x, TestTensor.Ints(-3), y);
        Refused("has 2 elements where at most 1 are expected", x, TestTensor.Ints(0, 1), y);
        Refused("the axis must be one constant", x, TestTensor.Ints(), y);
        Refused("where int32 or int64 is expected", x, TestTensor.Float([1], 1).AsConstant(), y);
        Refused("axis 0 does not exist in 0 dimensions", TestTensor.Float([], 1), TestTensor.Ints(0), Output(TensorType.Int32, []));
        Refused("there is no element to find", TestTensor.Float([2, 0]), TestTensor.Ints(1), y);
        Refused("Int64[2] in the file, but Int32[2] by the inputs", x, TestTensor.Ints(1), Output(TensorType.Int64, [2]));
        Refused("Int32[3] in the file, but Int32[2] by the inputs", x, TestTensor.Ints(1), Output(TensorType.Int32, [3]));
        Refused("not supported for Float16", new(TensorType.Float16, [2, 3], new Half[6]), TestTensor.Ints(1), y);

        static void Refused(string text, TestTensor x, TestTensor axis, TestTensor y) =>
            AssertRefused(text, BuiltinOperator.ArgMax, Narrow, [x, axis], y);
    }

    private static long Best(double[] line, bool greatest) => Array.IndexOf(line, greatest ? line.Max() : line.Min());
}
