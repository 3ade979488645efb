namespace ModelOpt.Runtime.Tests.Kernels.Detection;

[TestClass]
internal sealed class NonMaxSuppressionOperatorTests
{
    private static readonly NonMaxSuppressionOptions All = new(false, 5);
    private static readonly TestTensor Boxes = TestTensor.Float([1, 3, 4], 0, 0, 1, 1, 0, 0.1f, 1, 1.1f, 0, 2, 1, 3);
    private static readonly TestTensor Scores = TestTensor.Float([1, 1, 3], 0.5f, 0.9f, 0.7f);
    private static readonly TestTensor Half = TestTensor.Float([1], 0.5f);

    [TestMethod]
    public void Rows_of_boxes_that_are_not_taken_are_filled()
    {
        Assert([0, 0, 1, 0, 0, 2, -1, -1, -1], All, [Boxes, Scores, null, Half, null]);
        Assert([0, 0, 1, -1, -1, -1, -1, -1, -1], All, [Boxes, Scores, Long(1), Half, null]);
        Assert([0, 0, 1, 0, 0, 2, 0, 0, 0], All, [Boxes, Scores, null, TestTensor.Float([], 0.9f), null]);
        Assert([0, 0, 1, -1, -1, -1, -1, -1, -1], All, [Boxes, Scores, null, Half, TestTensor.Float([], 0.8f)]);
        Assert([0, 0, 1], new(true, 1), [Boxes, Scores, null, Half, null]);

        static void Assert(double[] expected, NonMaxSuppressionOptions options, TestTensor?[] inputs) => CollectionAssert.AreEqual(
            expected,
            Run(BuiltinOperator.NonMaxSuppression, options, inputs!, Output(TensorType.Int64, [expected.Length / 3, 3]))[0].Real());
    }

    [TestMethod]
    public void What_does_not_fit_is_refused()
    {
        TestTensor y = Output(TensorType.Int64, [3, 3]);
        Refused("four numbers", All, [TestTensor.Float([1, 4, 3], new float[12]), Scores], y);
        Refused("the scores do not fit", All, [Boxes, TestTensor.Float([1, 3, 1], 1, 2, 3)], y);
        Refused("a bound is not one number", All, [Boxes, Scores, null, TestTensor.Float([2], 1, 2)], y);
        Refused("a negative number", new(false, -1), [Boxes, Scores], y);
        Refused("not supported", All, [Boxes, Scores, TestTensor.Ints(1)], y);

        static void Refused(string text, NonMaxSuppressionOptions options, TestTensor?[] inputs, TestTensor y) =>
            AssertRefused(text, BuiltinOperator.NonMaxSuppression, options, inputs!, y);
    }

    private static TestTensor Long(long number) => new(TensorType.Int64, [1], new[] { number });
}
