using ModelOpt.Runtime.Tests.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Tests.Kernels.Detection;

[TestClass]
internal sealed class DetectionOperatorTests
{
    [TestMethod]
    public void What_contradicts_itself_is_refused()
    {
        var options = new DetectionOptions(3, 2, 1, 5, true, 0, 0.5f, (1, 1, 1, 1));
        TestTensor boxes = TestTensor.Float([1, 3, 4], new float[12]);
        Refused("do not fit its scores", options with { Classes = 4 }, boxes);
        Refused("do not fit its scores", options with { Most = -1 }, boxes);
        Refused("its boxes, scores and anchors", options, TestTensor.Float([1, 2, 4], new float[8]));
    }

    private static void Refused(string why, DetectionOptions options, TestTensor boxes)
    {
        TestTensor each = OperatorTesting.Output(TensorType.Float32, [1, 3]);
        OperatorTesting.AssertRefused(
            why, BuiltinOperator.DetectionPostProcess, options,
            [boxes, TestTensor.Float([1, 3, 3], new float[9]), TestTensor.Float([3, 4], new float[12]).AsConstant()],
            OperatorTesting.Output(TensorType.Float32, [1, 3, 4]), each, each, OperatorTesting.Output(TensorType.Float32, [1]));
    }
}
