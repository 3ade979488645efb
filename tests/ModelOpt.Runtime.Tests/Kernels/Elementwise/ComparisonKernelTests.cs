namespace ModelOpt.Runtime.Tests.Kernels.Elementwise;

[TestClass]
internal sealed class ComparisonKernelTests
{
    private static readonly Dictionary<BuiltinOperator, Func<int, bool>> Operators = new()
    {
        [BuiltinOperator.Equal] = order => order == 0,
        [BuiltinOperator.NotEqual] = order => order != 0,
        [BuiltinOperator.Greater] = order => order > 0,
        [BuiltinOperator.GreaterEqual] = order => order >= 0,
        [BuiltinOperator.Less] = order => order < 0,
        [BuiltinOperator.LessEqual] = order => order <= 0,
    };

    [TestMethod]
    [DataRow(TensorType.Int8)]
    [DataRow(TensorType.UInt8)]
    [DataRow(TensorType.Int16)]
    [DataRow(TensorType.UInt16)]
    [DataRow(TensorType.Float16)]
    [DataRow(TensorType.Int32)]
    [DataRow(TensorType.UInt32)]
    [DataRow(TensorType.Float32)]
    [DataRow(TensorType.Int64)]
    [DataRow(TensorType.UInt64)]
    [DataRow(TensorType.Float64)]
    public void Long_rows_and_repeated_operands(TensorType type)
    {
        const int length = 5003;
        TestTensor a = TestTensor.Random(new Random(1), type, [3, length]), b = TestTensor.Random(new Random(2), type, [3, length]);
        TestTensor one = TestTensor.Random(new Random(3), type, [3, 1]);
        for (int i = 0; i < length; i += 7)
            b.Values.SetValue(a.Values.GetValue(i), i);
        foreach ((BuiltinOperator op, Func<int, bool> holds) in Operators)
        {
            Check(op, holds, a, b);
            Check(op, holds, a, one);
            Check(op, holds, one, b);
        }
    }

    private static void Check(BuiltinOperator op, Func<int, bool> holds, TestTensor a, TestTensor b)
    {
        TestTensor y = Run(op, null, [a, b], Output(TensorType.Bool, [3, 5003]))[0];
        CollectionAssert.AreEqual(
            Enumerable.Range(0, 3 * 5003).Select(i => holds(At(a, i).CompareTo(At(b, i)))).ToArray(), y.Values, $"{op}");
    }

    private static IComparable At(TestTensor x, int i) => (IComparable)x.Values.GetValue(x.Values.Length == 3 ? i / 5003 : i)!;
}
