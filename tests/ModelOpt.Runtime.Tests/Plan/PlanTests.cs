using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Plan;
using ModelOpt.Runtime.Tests.Kernels;
using ModelOpt.Runtime.Tests.Tflite;

namespace ModelOpt.Runtime.Tests.Plan;

[TestClass]
internal sealed class PlanTests
{
    [TestMethod]
    public void Live_tensors_never_overlap_in_the_arena()
    {
        foreach (byte[] file in (byte[][])[SampleNetworks.Float(), SampleNetworks.Int8()])
        {
            using TfliteModel model = TfliteModel.Load(file);
            Step[] steps = model.Plan.Steps;
            for (int step = 0; step < steps.Length; step++)
            {
                // The result of a step is needed up to the last step that reads it.
                Operand result = steps[step].Outputs[0];
                int last = Array.FindLastIndex(steps, s => s.Node.Inputs.Contains(steps[step].Node.Output));
                foreach (Operand input in steps[step].Inputs.Where(i => i.ArenaOffset >= 0))
                    Assert.IsFalse(Overlap(result, input), $"step {step} overwrites its input");
                for (int later = step + 1; later <= last; later++)
                    Assert.IsFalse(
                        Overlap(result, steps[later].Outputs[0]), $"step {later} overwrites the result of step {step}");
            }
        }
    }

    [TestMethod]
    public void Constant_nodes_are_computed_when_loading()
    {
        // Weights in int8 with a scale per channel, dequantized for a float convolution, as weight-only compression writes them.
        var m = new TestModel();
        int x = m.Tensor("x", TensorType.Float32, [1, 1, 1, 2]), y = m.Tensor("y", TensorType.Float32, [1, 1, 1, 2]);
        int q = m.Constant(
            "q", TensorType.Int8, [2, 1, 1, 2], new sbyte[] { 1, 2, 3, 4 }, [0.5f, 2f]), w = m.Tensor("w",
            TensorType.Float32, [2, 1, 1, 2]);
        m.Operator(BuiltinOperator.Dequantize, [q], [w]);
        m.Operator(
            BuiltinOperator.Conv2D, [x, w, -1], [y], new Conv2DOptions(Padding.Valid, 1, 1, ActivationFunction.None));
        using TfliteModel model = TfliteModel.Load(m.Build([x], [y]));
        Assert.AreEqual(1, model.Plan.Steps.Length);
        TestTensor result = OperatorTesting.Run(
            model, [TestTensor.Float([1, 1, 1, 2], 10, 100)], [OperatorTesting.Output(TensorType.Float32, [1, 1, 1, 2])])[0];
        CollectionAssert.AreEqual((float[])[105, 860], (float[])result.Values);
    }

    [TestMethod]
    public void An_output_that_is_an_input_or_a_constant_is_served()
    {
        var m = new TestModel();
        int x = m.Tensor("x", TensorType.Float32, [2]), c = m.Constant("c", TensorType.Float32, [2], new[] { 3f, 4f });
        int r = m.Tensor("r", TensorType.Float32, [2, 1]);
        m.Operator(BuiltinOperator.Reshape, [x], [r], new VectorOptions(BuiltinOptionsType.Reshape, [2, 1]));
        using TfliteModel model = TfliteModel.Load(m.Build([x], [x, c, r]));
        TestTensor output = OperatorTesting.Output(TensorType.Float32, [2]);
        TestTensor[] results = OperatorTesting.Run(model, [TestTensor.Float([2], 1, 2)], [output, output, output]);
        CollectionAssert.AreEqual((float[])[1, 2], (float[])results[0].Values);
        CollectionAssert.AreEqual((float[])[3, 4], (float[])results[1].Values);
        CollectionAssert.AreEqual((float[])[1, 2], (float[])results[2].Values);
    }

    [TestMethod]
    public void A_batch_is_free_only_where_no_operator_mixes_samples()
    {
        Assert.IsTrue(Dynamic([-1, 4], BuiltinOperator.Softmax, new SoftmaxOptions(1), [-1, 4]));
        Assert.IsFalse(Dynamic([1, 4], BuiltinOperator.Softmax, new SoftmaxOptions(1), [1, 4]));
        Assert.IsFalse(Dynamic([-1], BuiltinOperator.Softmax, new SoftmaxOptions(1), [-1]));
        Assert.IsTrue(Dynamic([-1, 4], BuiltinOperator.Mean, new ReducerOptions(true), [-1, 1], 1));
        Assert.IsFalse(Dynamic([-1, 4], BuiltinOperator.Mean, new ReducerOptions(true), [-1, 4], 0));
        Assert.IsTrue(Dynamic([-1, 4, 5], BuiltinOperator.Transpose, null, [-1, 5, 4], 0, 2, 1));
        Assert.IsFalse(Dynamic([-1, 1, 5], BuiltinOperator.Transpose, null, [-1, 1, 5], 1, 0, 2));
        Assert.IsTrue(Dynamic([-1, 4], BuiltinOperator.Reshape, new VectorOptions(BuiltinOptionsType.Reshape, [1, 2, 2]), [-1, 2, 2]));
        Assert.IsFalse(Dynamic([-1, 4], BuiltinOperator.Reshape, new VectorOptions(BuiltinOptionsType.Reshape, [4, 1]), [4, 1]));
        Assert.IsTrue(Dynamic([-1, 4], BuiltinOperator.Gather, new GatherOptions(1), [-1, 2], 0, 1));
        Assert.IsFalse(Dynamic([-1, 4], BuiltinOperator.Gather, new GatherOptions(0), [-1, 4], 0));
        Assert.IsTrue(Dynamic([-1, 4], BuiltinOperator.Tile, null, [-1, 8], 1, 2));
        Assert.IsFalse(Dynamic([-1, 4], BuiltinOperator.Tile, null, [2, 4], 2, 1));
    }

    private static bool Dynamic(
        int[] input, BuiltinOperator op, IOperatorOptions? options, int[] output, params int[] constant)
    {
        var m = new TestModel();
        int x = m.Tensor("x", TensorType.Float32, input), y = m.Tensor("y", TensorType.Float32, output);
        int[] inputs = constant.Length == 0 ? [x] : [x, m.Constant("c", TensorType.Int32, [constant.Length], constant)];
        m.Operator(op, inputs, [y], options);
        using TfliteModel model = TfliteModel.Load(m.Build([x], [y]));
        Assert.AreEqual(output[0], model.Outputs[0].Shape[0]);
        return model.HasDynamicBatch;
    }

    private static bool Overlap(Operand a, Operand b) =>
        a.ArenaOffset < b.ArenaOffset + b.Length && b.ArenaOffset < a.ArenaOffset + a.Length;
}
