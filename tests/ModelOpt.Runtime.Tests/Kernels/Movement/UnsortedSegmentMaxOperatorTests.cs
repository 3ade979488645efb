namespace ModelOpt.Runtime.Tests.Kernels.Movement;

[TestClass]
internal sealed class UnsortedSegmentMaxOperatorTests
{
    private static readonly TestTensor Ids = new(TensorType.Int32, [3], new[] { 2, 0, 2 });

    [TestMethod]
    public void The_greatest_of_each_id_is_the_result_and_the_lowest_number_where_there_is_none()
    {
        TestTensor x = TestTensor.Float([3, 2], 1, 2, 3, 4, 0, 6);
        TestTensor y = Run(BuiltinOperator.UnsortedSegmentMax, null, [x, Ids, TestTensor.Ints(4)], Output(TensorType.Float32, [4, 2]))[0];
        CollectionAssert.AreEqual(
            (float[])[3, 4, float.MinValue, float.MinValue, 1, 6, float.MinValue, float.MinValue], (float[])y.Values);
        TestTensor numbers = new(TensorType.Int32, [3], new[] { 7, -8, 9 });
        TestTensor z = Run(BuiltinOperator.UnsortedSegmentMax, null, [numbers, Ids, TestTensor.Ints(3)], Output(TensorType.Int32, [3]))[0];
        CollectionAssert.AreEqual((int[])[-8, int.MinValue, 9], (int[])z.Values);
    }

    [TestMethod]
    public void Ids_outside_are_refused()
    {
        foreach (int id in (int[])[3, -1])
            AssertRunRefused(
                $"UNSORTED_SEGMENT_MAX of 'output0': id {id} does not exist among 3", BuiltinOperator.UnsortedSegmentMax, null,
                [TestTensor.Float([1], 1), new(TensorType.Int32, [1], new[] { id }), TestTensor.Ints(3)], Output(TensorType.Float32, [3]));
    }

    [TestMethod]
    public void What_does_not_fit_is_refused()
    {
        TestTensor x = TestTensor.Float([3], 1, 2, 3), count = TestTensor.Ints(4), y = Output(TensorType.Float32, [4]);
        Refused("the ids do not fit the data", x, new(TensorType.Int64, [3], new long[3]), count, y);
        Refused("the ids do not fit the data", x, new(TensorType.Int32, [2], new int[2]), count, y);
        Refused("the ids do not fit the data", x, new(TensorType.Int32, [3, 1], new int[3]), count, y);
        Refused("the count is not one number of at least 0", x, Ids, TestTensor.Ints(-1), y);
        Refused("in the file, but Float32[4] by the inputs", x, Ids, count, Output(TensorType.Float32, [3]));
        Refused("not supported for", TestTensor.Random(new Random(1), TensorType.Bool, [3]), Ids, count, Output(TensorType.Bool, [4]));

        static void Refused(string text, TestTensor x, TestTensor ids, TestTensor count, TestTensor y) =>
            AssertRefused(text, BuiltinOperator.UnsortedSegmentMax, null, [x, ids, count], y);
    }
}
