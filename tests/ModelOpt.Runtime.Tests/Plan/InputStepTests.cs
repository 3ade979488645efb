using ModelOpt.Runtime.Tests.Tflite;

namespace ModelOpt.Runtime.Tests.Plan;

/// <summary>QUANTIZE of an input runs when the input is set, on the caller's memory.</summary>
[TestClass]
internal sealed class InputStepTests
{
    private const int Length = 100;

    [TestMethod]
    [DataRow(false, 1)]
    [DataRow(true, 1)]
    [DataRow(false, 3)]
    [DataRow(true, 3)]
    public void Inputs_are_set_in_any_order_and_outputs_last_until_the_next_run(bool reverse, int batch)
    {
        using TfliteModel model = TfliteModel.Load(TwoInputs(), new RuntimeOptions { Threads = 2 });
        Assert.AreEqual(2, model.Plan.FirstStep);
        Assert.AreEqual(0, model.Plan.Inputs.Count(input => input.ArenaOffset >= 0));
        using ModelCall call = model.Begin(batch);
        float[] expected = [];
        var previous = new float[batch * Length];
        for (int run = 0; run < 3; run++)
        {
            float[] a = Values(run, batch), b = Values(run + 10, batch);
            foreach (int input in reverse ? new[] { 1, 0 } : [0, 1])
                call.SetInput<float>(input, input == 0 ? a : b);
            if (run > 0)
            {
                call.GetOutput<float>(0, previous);
                CollectionAssert.AreEqual(expected, previous);
            }

            call.Run();
            expected = [.. a.Zip(b, (x, y) => Math.Clamp(x + y, -128f, 127f))];
            var actual = new float[batch * Length];
            call.GetOutput<float>(0, actual);
            CollectionAssert.AreEqual(expected, actual);
        }

        using ModelOutputs outputs = call.TakeOutputs();
        CollectionAssert.AreEqual(expected, outputs.Get<float>(0).ToArray());
    }

    [TestMethod]
    [DataRow(0, 1, 2)]
    [DataRow(2, 1, 0)]
    [DataRow(1, 2, 0)]
    public void An_input_that_nobody_reads_overwrites_no_other(int first, int second, int third)
    {
        using TfliteModel model = TfliteModel.Load(TwoInputs(andUnread: true));
        Assert.AreEqual(2, model.Plan.FirstStep);
        using ModelCall call = model.Begin();
        float[][] inputs = [Values(1, 1), Values(2, 1), Values(3, 1)];
        foreach (int input in new[] { first, second, third }) call.SetInput<float>(input, inputs[input]);
        call.Run();
        var actual = new float[Length];
        call.GetOutput<float>(0, actual);
        float[] expected = [.. inputs[0].Zip(inputs[1], (x, y) => Math.Clamp(x + y, -128f, 127f))];
        CollectionAssert.AreEqual(expected, actual);
    }

    [TestMethod]
    public void An_input_that_is_read_twice_or_returned_lies_in_the_arena()
    {
        var m = new TestModel();
        int x = m.Tensor("x", TensorType.Float32, [4]), q = m.Tensor("q", TensorType.Int8, [4], 1, 0),
            y = m.Tensor("y", TensorType.Float32, [4]);
        m.Operator(BuiltinOperator.Quantize, [x], [q]);
        m.Operator(BuiltinOperator.Relu, [x], [y]);
        using TfliteModel model = TfliteModel.Load(m.Build([x], [q, y, x]));
        Assert.AreEqual(0, model.Plan.FirstStep);
        using ModelCall call = model.Begin();
        call.SetInput<float>(0, [-1.5f, 2, 3, 400]);
        call.Run();
        var stored = new sbyte[4];
        var positive = new float[4];
        var same = new float[4];
        call.GetOutput<sbyte>(0, stored);
        call.GetOutput<float>(1, positive);
        call.GetOutput<float>(2, same);
        CollectionAssert.AreEqual((sbyte[])[-2, 2, 3, 127], stored);
        CollectionAssert.AreEqual((float[])[0, 2, 3, 400], positive);
        CollectionAssert.AreEqual((float[])[-1.5f, 2, 3, 400], same);
    }

    private static float[] Values(int seed, int batch) =>
        [.. Enumerable.Range(0, batch * Length).Select(i => (float)((((i * 37) + (seed * 11)) % 200) - 100))];

    private static byte[] TwoInputs(bool andUnread = false)
    {
        var m = new TestModel();
        int[] shape = [-1, Length];
        int a = m.Tensor("a", TensorType.Float32, shape), b = m.Tensor("b", TensorType.Float32, shape);
        int qa = m.Tensor("qa", TensorType.Int8, shape, 1, 0), qb = m.Tensor("qb", TensorType.Int8, shape, 1, 0);
        int sum = m.Tensor("sum", TensorType.Int8, shape, 1, 0), y = m.Tensor("y", TensorType.Float32, shape);
        m.Operator(BuiltinOperator.Quantize, [a], [qa]);
        m.Operator(BuiltinOperator.Quantize, [b], [qb]);
        m.Operator(BuiltinOperator.Add, [qa, qb], [sum], new ArithmeticOptions(BuiltinOptionsType.Add, ActivationFunction.None));
        m.Operator(BuiltinOperator.Dequantize, [sum], [y]);
        return m.Build(andUnread ? [a, b, m.Tensor("c", TensorType.Float32, shape)] : [a, b], [y]);
    }
}
