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

    [TestMethod]
    public void Runs_find_their_inputs_although_those_before_overwrote_them()
    {
        var m = new TestModel();
        int[] shape = [600];
        int x = m.Tensor("x", TensorType.Int32, shape), y = m.Tensor("y", TensorType.Float32, shape);
        int entries = m.Constant("entries", TensorType.Float32, [10], Enumerable.Repeat(1000f, 10).ToArray());
        int picked = m.Tensor("picked", TensorType.Float32, shape), next = m.Tensor("next", TensorType.Float32, shape);
        m.Operator(BuiltinOperator.Gather, [entries, x], [picked], new GatherOptions(0));
        m.Operator(BuiltinOperator.Exp, [picked], [next]);
        m.Operator(BuiltinOperator.Tanh, [next], [y]);
        using TfliteModel model = TfliteModel.Load(m.Build([x], [y]));
        Assert.AreEqual(3, Profile.Measure(model, 3).Length);
    }
}
