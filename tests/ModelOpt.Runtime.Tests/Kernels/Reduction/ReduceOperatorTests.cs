namespace ModelOpt.Runtime.Tests.Kernels.Reduction;

[TestClass]
internal sealed class ReduceOperatorTests
{
    [TestMethod]
    [DataRow(nameof(TensorType.Float32))]
    [DataRow(nameof(TensorType.Int8))]
    [DataRow(nameof(TensorType.UInt8))]
    [DataRow(nameof(TensorType.Int32))]
    public void Mean_and_sum_over_any_axes(string typeName)
    {
        var type = Enum.Parse<TensorType>(typeName);
        var random = new Random(71);
        int[] shape = [3, 4, 5, 37];
        foreach (int[] axes in (int[][])[[1, 2], [2], [3], [0, 2], [-1, 1], [0, 1, 2, 3]])
        {
            bool[] reduced = new bool[4];
            foreach (int axis in axes)
                reduced[axis < 0 ? axis + 4 : axis] = true;
            foreach (bool keep in (bool[])[true, false])
            {
                int[] output = [.. shape.Select((s, i) => reduced[i] ? 1 : s).Where((_, i) => keep || !reduced[i])];
                (float scale, int zero) = type switch { TensorType.Int8 => (0.02f, 3), TensorType.UInt8 => (0.02f, 131), _ => (0f, 0) };
                TestTensor x = TestTensor.Random(random, type, shape, scale, zero);
                double[] sums = new double[output.Aggregate(1, (a, b) => a * b)];
                double[] real = x.Real();
                for (int i = 0; i < real.Length; i++)
                    sums[Target(i, shape, reduced)] += real[i];
                TestTensor sum = Run(
                    BuiltinOperator.Sum, new ReducerOptions(keep), [x, TestTensor.Ints(axes)],
                    Output(type, output, scale * 41, zero))[0];
                double tolerance = type == TensorType.Float32 ? 1 : 0;
                AssertClose(sums, tolerance, sum);
                TestTensor mean = Run(
                    BuiltinOperator.Mean, new ReducerOptions(keep), [x, TestTensor.Ints(axes)],
                    Output(type, output, scale, zero))[0];
                double count = real.Length / (double)sums.Length;
                double[] means = [.. sums.Select(s => type == TensorType.Int32 ? Math.Truncate(s / count) : s / count)];
                AssertClose(means, tolerance, mean);
            }
        }
    }

    [TestMethod]
    [DataRow(nameof(TensorType.Float32))]
    [DataRow(nameof(TensorType.Int8))]
    [DataRow(nameof(TensorType.UInt8))]
    [DataRow(nameof(TensorType.Int32))]
    public void Greatest_over_any_axes(string typeName)
    {
        var type = Enum.Parse<TensorType>(typeName);
        int[] shape = [3, 4, 5, 7];
        foreach (int[] axes in (int[][])[[1, 2], [3], [0, 2], [0, 1, 2, 3]])
        {
            bool[] reduced = [.. Enumerable.Range(0, 4).Select(axes.Contains)];
            int[] output = [.. shape.Select((s, i) => reduced[i] ? 1 : s)];
            float scale = type is TensorType.Int8 or TensorType.UInt8 ? 0.02f : 0;
            TestTensor x = TestTensor.Random(new Random(72), type, shape, scale, scale > 0 ? 3 : 0);
            double[] greatest = new double[output.Aggregate(1, (a, b) => a * b)], real = x.Real();
            Array.Fill(greatest, double.NegativeInfinity);
            for (int i = 0; i < real.Length; i++)
                greatest[Target(i, shape, reduced)] = Math.Max(greatest[Target(i, shape, reduced)], real[i]);
            TestTensor y = Run(
                BuiltinOperator.ReduceMax, new ReducerOptions(true), [x, TestTensor.Ints(axes)],
                Output(type, output, scale, scale > 0 ? 3 : 0))[0];
            CollectionAssert.AreEqual(greatest, y.Real());
        }
    }

    [TestMethod]
    public void Least_products_and_logical_reductions()
    {
        AssertReduced(BuiltinOperator.ReduceMin, new(TensorType.Float32, [2, 3], new[] { 4f, -2, 3, 7, 5, 6 }), [-2, 5]);
        AssertReduced(BuiltinOperator.ReduceProd, new(TensorType.Float32, [2, 3], new[] { 4f, -2, 3, 7, 5, 6 }), [-24, 210]);
        AssertReduced(BuiltinOperator.ReduceProd, new(TensorType.Int64, [2, 3], new[] { 4L, -2, 3, 7, 5, 6 }), [-24, 210]);
        AssertReduced(BuiltinOperator.ReduceAny, new(TensorType.Bool, [2, 3], new[] { false, false, true, false, false, false }), [1, 0]);
        AssertReduced(BuiltinOperator.ReduceAll, new(TensorType.Bool, [2, 3], new[] { true, true, true, true, false, true }), [1, 0]);

        void AssertReduced(BuiltinOperator op, TestTensor x, double[] expected) => CollectionAssert.AreEqual(
            expected, Run(op, new ReducerOptions(false), [x, TestTensor.Ints(1)], Output(x.Type, [2], 0, 0))[0].Real());
    }

    // Sums of float32 cancel: their error follows the terms, of which none exceeds 4, not the result.
    private static void AssertClose(double[] expected, double tolerance, TestTensor actual)
    {
        if (tolerance == 0)
        {
            OperatorTesting.AssertClose(expected, actual);
            return;
        }
        float[] values = (float[])actual.Values;
        for (int i = 0; i < expected.Length; i++)
            Assert.AreEqual(expected[i], values[i], 2e-3);
    }

    private static int Target(int flat, int[] shape, bool[] reduced)
    {
        int target = 0, stride = 1;
        for (int d = shape.Length - 1; d >= 0; flat /= shape[d], d--)
        {
            if (reduced[d])
                continue;
            target += flat % shape[d] * stride;
            stride *= shape[d];
        }
        return target;
    }
}
