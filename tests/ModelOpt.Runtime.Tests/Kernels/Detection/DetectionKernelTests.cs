using ModelOpt.Runtime.Tests.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Tests.Kernels.Detection;

/// <summary>Detections of three boxes, two of which cover each other, as TFLite's interpreter gives them.</summary>
[TestClass]
internal sealed class DetectionKernelTests
{
    private static readonly TestTensor Encodings = TestTensor.Float([1, 3, 4], 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 5);
    private static readonly TestTensor Anchors = TestTensor.Float([3, 4], 0.5f, 0.5f, 1, 1, 0.5f, 0.5f, 1, 1, 10, 10, 2, 4).AsConstant();
    private static readonly TestTensor Scores = TestTensor.Float([1, 3, 3], 0, 0.9f, 0.8f, 0, 0.75f, 0.7f, 0, 0.1f, 0.6f);

    [TestMethod]
    public void Boxes_of_all_classes_are_suppressed_together()
    {
        TestTensor[] results = Run(new DetectionOptions(3, 2, 2, 0, false, 0.3f, 0.5f, (10, 10, 5, 5)), 6);
        // The second box lies a tenth lower than the first, which covers more than half of both.
        float half = 2 * MathF.Exp(1);
        float[] first = [0, 0, 1, 1], third = [9, 10 - half, 11, 10 + half], none = new float[8];
        AssertNear([.. first, .. first, .. third, .. third, .. none], results[0]);
        AssertNear([0, 1, 1, 0, 0, 0], results[1]);
        AssertNear([0.9f, 0.8f, 0.6f, 0.1f, 0, 0], results[2]);
        AssertNear([2], results[3]);
    }

    [TestMethod]
    public void Each_class_is_suppressed_for_itself()
    {
        TestTensor[] results = Run(new DetectionOptions(3, 2, 1, 5, true, 0.3f, 0.5f, (10, 10, 5, 5)), 3);
        AssertNear([0, 1, 1], results[1]);
        AssertNear([0.9f, 0.8f, 0.6f], results[2]);
        AssertNear([3], results[3]);
        TestTensor[] few = Run(new DetectionOptions(3, 2, 1, 1, true, 0.85f, 0.5f, (10, 10, 5, 5)), 3);
        AssertNear([0.9f, 0, 0], few[2]);
        AssertNear([1], few[3]);
    }

    private static TestTensor[] Run(DetectionOptions options, int detections) => OperatorTesting.Run(
        BuiltinOperator.DetectionPostProcess, options, [Encodings, Scores, Anchors], Outputs(detections));

    private static TestTensor[] Outputs(int detections) =>
    [
        OperatorTesting.Output(TensorType.Float32, [1, detections, 4]), OperatorTesting.Output(TensorType.Float32, [1, detections]),
        OperatorTesting.Output(TensorType.Float32, [1, detections]), OperatorTesting.Output(TensorType.Float32, [1]),
    ];

    private static void AssertNear(float[] expected, TestTensor actual)
    {
        float[] values = (float[])actual.Values;
        Assert.HasCount(expected.Length, values);
        for (int i = 0; i < expected.Length; i++)
            Assert.AreEqual(expected[i], values[i], 1e-5f, $"element {i}");
    }
}
