namespace ModelOpt.Runtime.Tests.Kernels.MatMul;

[TestClass]
internal sealed class BatchMatMulOperatorTests
{
    [TestMethod]
    [DataRow(nameof(TensorType.Float32))]
    [DataRow(nameof(TensorType.Int8))]
    [DataRow(nameof(TensorType.UInt8))]
    public void Agrees_with_the_formula_in_double(string typeName)
    {
        var type = Enum.Parse<TensorType>(typeName);
        var random = new Random(91);
        (float scale, int zero) = type switch { TensorType.Int8 => (0.02f, 3), TensorType.UInt8 => (0.02f, 131), _ => (0f, 0) };
        foreach ((
            bool transposeX, bool transposeY) in ((bool, bool)[])[(false, false), (true, false), (false, true),
            (true, true)])
        {
            TestTensor x = TestTensor.Random(
                random, type, [3, 1, .. transposeX ? (int[])[19, 5] : [5, 19]], scale, zero);
            TestTensor y = TestTensor.Random(
                random, type, [2, .. transposeY ? (int[])[23, 19] : [19, 23]], scale, zero);
            double[] a = x.Real(), b = y.Real();
            double[] expected = [.. from i in Enumerable.Range(0, 3)
                                    from j in Enumerable.Range(0, 2)
                                    from m in Enumerable.Range(0, 5)
                                    from n in Enumerable.Range(0, 23)
                                    select Enumerable.Range(0, 19).Sum(k =>
                                        a[(i * 95) + (transposeX ? (k * 5) + m : (m * 19) + k)]
                                        * b[(j * 437) + (transposeY ? (n * 19) + k : (k * 23) + n)])];
            TestTensor actual = Run(
                BuiltinOperator.BatchMatMul, new BatchMatMulOptions(transposeX, transposeY), [x, y],
                Output(type, [3, 2, 5, 23], scale * 7, zero))[0];
            if (type != TensorType.Float32)
            {
                AssertClose(expected, actual);
                continue;
            }
            for (int i = 0; i < expected.Length; i++)
                Assert.AreEqual(expected[i], ((float[])actual.Values)[i], 1e-4);
        }
    }
}
