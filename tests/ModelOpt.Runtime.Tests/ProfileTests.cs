using ModelOpt.Runtime.Tests.Tflite;

namespace ModelOpt.Runtime.Tests;

[TestClass]
internal sealed class ProfileTests
{
    [TestMethod]
    public void Every_step_is_listed_with_its_shape_and_time()
    {
        using TfliteModel model = TfliteModel.Load(SampleNetworks.Int8());
        StepProfile[] steps = Profile.Measure(model, 5);
        CollectionAssert.AreEqual(
            (string[])["QUANTIZE", "CONV_2D", "DEPTHWISE_CONV_2D", "ADD", "MEAN", "FULLY_CONNECTED", "SOFTMAX", "DEQUANTIZE"],
            steps.Select(s => s.Operator).ToArray());
        CollectionAssert.AreEqual((int[])[1, 4, 4, 8], steps[1].Shape);
        Assert.AreEqual(16 * 8 * 27, steps[1].Work);
        Assert.IsTrue(steps.Sum(s => s.Milliseconds) > 0);
    }
}
