using ModelOpt.Runtime.Tests.Tflite;

namespace ModelOpt.Runtime.Tests;

[TestClass]
internal sealed class ModelTests
{
    private const int Sample = 8 * 8 * 3;

    [TestMethod]
    [DataRow(1)]
    [DataRow(2)]
    public void A_warm_run_allocates_nothing(int threads)
    {
        foreach (byte[] network in ModelRunner.Networks)
        {
            using TfliteModel model = TfliteModel.Load(network, new RuntimeOptions { Threads = threads });
            int sample = model.Inputs[0].ElementsPerSample, result = model.Outputs[0].ElementsPerSample;
            float[] input = SampleNetworks.Floats(new Random(3), 3 * sample), output = new float[3 * result];
            for (int i = 0; i < 100; i++)
                RunAll();

            // The process has other threads than ours: hence the attempts.
            (long Own, long All) allocated = (-1, -1);
            for (int attempt = 0; attempt < 10 && allocated != (0, 0); attempt++)
            {
                (long own, long all) = (GC.GetAllocatedBytesForCurrentThread(), GC.GetTotalAllocatedBytes(precise: true));
                for (int i = 0; i < 50; i++)
                    RunAll();
                all = GC.GetTotalAllocatedBytes(precise: true) - all;
                allocated = (GC.GetAllocatedBytesForCurrentThread() - own, all);
            }

            Assert.AreEqual((0L, 0L), allocated);

            void RunAll()
            {
                model.Run<float, float>(input.AsSpan(0, sample), output.AsSpan(0, result));
                model.Run<float, float>(input, output);
                using ModelCall call = model.Begin(3);
                call.SetInput<float>(0, input);
                call.Run();
                call.GetOutput<float>(0, output);
                using ModelOutputs outputs = call.TakeOutputs();
                _ = outputs.Get<float>(0);
            }
        }
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Many_threads_get_the_same_bits(bool int8)
    {
        using TfliteModel model = Load(int8);
        float[][] inputs = [.. Enumerable.Range(0, 16).Select(i => SampleNetworks.Floats(new Random(i), Sample))];
        float[][] expected = [.. inputs.Select(x => Run(model, x))];
        int wrong = 0;
        Thread[] threads = [.. Enumerable.Range(0, 32).Select(t => new Thread(() =>
        {
            for (int i = 0; i < 50; i++)
            {
                int k = (t + i) % inputs.Length;
                if (!Run(model, inputs[k]).AsSpan().SequenceEqual(expected[k]))
                    Interlocked.Increment(ref wrong);
            }
        }))];
        Array.ForEach(threads, t => t.Start());
        Array.ForEach(threads, t => t.Join());
        Assert.AreEqual(0, wrong);
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(3)]
    [DataRow(7)]
    public void A_batch_gives_the_results_of_its_samples(int batch)
    {
        foreach (bool int8 in (bool[])[false, true])
        {
            using TfliteModel model = Load(int8);
            CollectionAssert.AreEqual((int[])[-1, 8, 8, 3], model.Inputs[0].Shape.ToArray());
            float[] input = SampleNetworks.Floats(new Random(4), batch * Sample);
            float[] together = new float[batch * 5];
            model.Run<float, float>(input, together);
            float[] byCall = new float[batch * 5];
            using ModelCall call = model.Begin(batch);
            call.SetInput<float>(0, input);
            call.Run();
            call.GetOutput<float>(0, byCall);
            CollectionAssert.AreEqual(together, byCall);
            for (int i = 0; i < batch; i++)
            {
                float[] alone = Run(model, input[(i * Sample)..((i + 1) * Sample)]);
                CollectionAssert.AreEqual(alone, together[(i * 5)..((i + 1) * 5)]);
                Assert.AreEqual(1, alone.Sum(), 0.02);
            }
        }
    }

    [TestMethod]
    public void The_number_of_threads_does_not_change_the_bits()
    {
        float[] input = SampleNetworks.Floats(new Random(5), 96 * 96 * 16);
        float[]? expected = null;
        foreach (int threads in (int[])[1, 2, 3, 0])
        {
            using TfliteModel model = TfliteModel.Load(LargeConvolution(), new RuntimeOptions { Threads = threads });
            float[] output = new float[96 * 96 * 8];
            for (int i = 0; i < 20; i++)
            {
                model.Run<float, float>(input, output);
                expected ??= [.. output];
                CollectionAssert.AreEqual(expected, output);
            }
        }
    }

    [TestMethod]
    public void Outputs_that_are_not_given_back_are_never_overwritten()
    {
        using TfliteModel model = Load(false);
        float[] a = SampleNetworks.Floats(new Random(6), Sample), b = SampleNetworks.Floats(new Random(7), Sample);
        float[] expected = Run(model, a);
        ModelOutputs kept = Take(model, a);
        for (int i = 0; i < 10; i++)
        {
            ModelOutputs other = Take(model, b);
            other.Dispose();
            other.Dispose();
        }
        CollectionAssert.AreEqual(expected, kept.Get<float>(0).ToArray());
        ModelOutputs first = Take(model, a), second = Take(model, b);
        Assert.IsFalse(first.Get<float>(0).Overlaps(second.Get<float>(0)));
        first.Dispose();
        bool refused = false;
        try
        {
            _ = first.Get<float>(0);
        }
        catch (ObjectDisposedException)
        {
            refused = true;
        }
        Assert.IsTrue(refused);
    }

    [TestMethod]
    public void A_wrong_length_is_reported_with_name_shape_and_length()
    {
        using TfliteModel model = Load(false);
        var e = Assert.ThrowsExactly<ArgumentException>(() => model.Run<float, float>(new float[5], new float[5]));
        Assert.AreEqual("Input 'x' has shape [-1, 8, 8, 3], 192 elements; 5 were given.", e.Message);
        e = Assert.ThrowsExactly<ArgumentException>(() => model.Run<float, float>(new float[2 * Sample], new float[5]));
        Assert.AreEqual("Output 'y6' has shape [-1, 5], 10 elements for a batch of 2; 5 were given.", e.Message);
        e = Assert.ThrowsExactly<ArgumentException>(() => model.Run<int, float>(new int[Sample], new float[5]));
        Assert.AreEqual("Input 'x' has elements of type Single, not Int32.", e.Message);
        e = Assert.ThrowsExactly<ArgumentException>(() => InCall(1, call => call.SetInput<float>(0, new float[2 * Sample])));
        Assert.AreEqual("Input 'x' has shape [-1, 8, 8, 3], 192 elements; 384 were given.", e.Message);
        e = Assert.ThrowsExactly<ArgumentException>(() => InCall(2, call => call.SetInput<float>(0, new float[Sample])));
        Assert.AreEqual("Input 'x' has shape [-1, 8, 8, 3], 384 elements for a batch of 2; 192 were given.", e.Message);
        e = Assert.ThrowsExactly<ArgumentException>(() => InCall(2, call => call.GetOutput<float>(0, new float[5])));
        Assert.AreEqual("Output 'y6' has shape [-1, 5], 10 elements for a batch of 2; 5 were given.", e.Message);
        e = Assert.ThrowsExactly<ArgumentException>(() => InCall(1, call => call.SetInput<byte>(0, new byte[Sample])));
        Assert.AreEqual("Input 'x' has elements of type Single, not Byte.", e.Message);
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => InCall(1, call => call.SetInput<float>(1, new float[Sample])));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => model.Begin(0));
        model.Dispose();
        Assert.ThrowsExactly<ObjectDisposedException>(() => Run(model, new float[Sample]));

        void InCall(int batch, Action<ModelCall> action)
        {
            using ModelCall call = model.Begin(batch);
            action(call);
        }
    }

    [TestMethod]
    public void Several_inputs_and_outputs_of_several_types()
    {
        var m = new TestModel();
        int a = m.Tensor("a", TensorType.Int32, [2, 3]), b = m.Tensor("b", TensorType.Int32, [3]);
        int sum = m.Tensor("sum", TensorType.Int32, [2, 3]), real = m.Tensor("real", TensorType.Float32, [2, 3]);
        int wide = m.Tensor("wide", TensorType.Int64, [2, 3]);
        m.Operator(
            BuiltinOperator.Add, [a, b], [sum], new ArithmeticOptions(BuiltinOptionsType.Add, ActivationFunction.None));
        m.Operator(BuiltinOperator.Cast, [sum], [real]);
        m.Operator(BuiltinOperator.Cast, [sum], [wide]);
        using TfliteModel model = TfliteModel.Load(m.Build([a, b], [sum, real, wide]));
        using ModelCall call = model.Begin();
        call.SetInput<int>(0, [1, 2, 3, 4, 5, 6]);
        call.SetInput<int>(1, [10, 20, 30]);
        call.Run();
        int[] ints = new int[6];
        float[] floats = new float[6];
        long[] longs = new long[6];
        call.GetOutput<int>(0, ints);
        call.GetOutput<float>(1, floats);
        call.GetOutput<long>(2, longs);
        CollectionAssert.AreEqual((int[])[11, 22, 33, 14, 25, 36], ints);
        CollectionAssert.AreEqual((float[])[11, 22, 33, 14, 25, 36], floats);
        CollectionAssert.AreEqual((long[])[11, 22, 33, 14, 25, 36], longs);
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(2)]
    public void An_input_that_was_not_set_is_named(int batch)
    {
        using TfliteModel model = Load(false);
        float[] input = new float[batch * Sample];
        for (int i = 0; i < 2; i++)
        {
            using ModelCall call = model.Begin(batch);
            if (i == 0)
            {
                call.SetInput<float>(0, input);
                call.Run();
            }
            string message = "";
            try
            {
                call.Run();
            }
            catch (InvalidOperationException e)
            {
                message = e.Message;
            }
            Assert.AreEqual("Input 'x' was not set.", message);
        }
    }

    [TestMethod]
    public unsafe void An_unmanaged_stream_is_used_in_place()
    {
        byte[] file = SampleNetworks.Float();
        float[] input = SampleNetworks.Floats(new Random(8), Sample);
        fixed (byte* start = file)
        {
            using var stream = new UnmanagedMemoryStream(start, file.Length);
            long before = GC.GetAllocatedBytesForCurrentThread();
            using var memory = new StreamMemory(stream);
            Assert.IsTrue(GC.GetAllocatedBytesForCurrentThread() - before < 1000);
            Assert.IsTrue(memory.Memory.Span.Overlaps(file));
            using TfliteModel model = TfliteModel.Load(stream), copied = TfliteModel.Load(new MemoryStream(file));
            CollectionAssert.AreEqual(Run(copied, input), Run(model, input));
        }
    }

    [TestMethod]
    public void A_resource_that_does_not_exist_is_named()
    {
        var e = Assert.ThrowsExactly<InvalidModelException>(
            () => TfliteModel.LoadResource(typeof(ModelTests).Assembly, "none.tflite"));
        StringAssert.Contains(e.Message, "none.tflite");
    }

    private static TfliteModel Load(bool int8) => TfliteModel.Load(
        int8 ? SampleNetworks.Int8() : SampleNetworks.Float());

    private static float[] Run(TfliteModel model, float[] input)
    {
        float[] output = new float[5];
        model.Run<float, float>(input, output);
        return output;
    }

    private static ModelOutputs Take(TfliteModel model, float[] input)
    {
        using ModelCall call = model.Begin();
        call.SetInput<float>(0, input);
        call.Run();
        return call.TakeOutputs();
    }

    private static byte[] LargeConvolution()
    {
        var random = new Random(9);
        var m = new TestModel();
        int x = m.Tensor("x", TensorType.Float32, [1, 96, 96, 16]);
        int w = m.Constant("w", TensorType.Float32, [8, 3, 3, 16], SampleNetworks.Floats(random, 8 * 9 * 16));
        int y = m.Tensor("y", TensorType.Float32, [1, 96, 96, 8]);
        m.Operator(
            BuiltinOperator.Conv2D, [x, w, -1], [y], new Conv2DOptions(Padding.Same, 1, 1, ActivationFunction.None));
        return m.Build([x], [y]);
    }
}
