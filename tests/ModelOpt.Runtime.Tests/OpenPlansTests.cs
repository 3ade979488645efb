using ModelOpt.Runtime.Tests.Tflite;

namespace ModelOpt.Runtime.Tests;

[TestClass]
internal sealed class OpenPlansTests
{
    [TestMethod]
    public void Each_call_says_its_sizes()
    {
        using TfliteModel model = TfliteModel.Load(Means());
        Assert.IsTrue(model.HasOpenSizes);
        CollectionAssert.AreEqual((int[])[-1, -1, -1, 2], model.Inputs[0].Shape.ToArray());
        Assert.AreEqual(0, model.Inputs[0].ElementsPerSample);
        for (int round = 0; round < 2; round++)
        {
            CollectionAssert.AreEqual((float[])[3, 4, 1, 1, 2, 2], Run(model, [1, 1, 2, 2], [2, 3, 4, 5]));
            CollectionAssert.AreEqual((float[])[1, 2, 1, 1, 1, 2], Run(model, [1, 1, 1, 2], [1, 2]));
            CollectionAssert.AreEqual((float[])[4, 5, 1, 3, 1, 2], Run(model, [1, 3, 1, 2], [1, 2, 4, 5, 7, 8]));
        }
    }

    [TestMethod]
    public void A_batch_runs_sample_by_sample_on_one_plan()
    {
        using TfliteModel model = TfliteModel.Load(Means());
        CollectionAssert.AreEqual((float[])[3, 4, 7, 7, 2, 1, 2, 2], Run(model, [2, 1, 2, 2], [2, 3, 4, 5, 6, 6, 8, 8]));
        CollectionAssert.AreEqual((float[])[3, 4, 1, 1, 2, 2], Run(model, [1, 1, 2, 2], [2, 3, 4, 5]));
        Assert.AreEqual(1, model.Open!.Plans);
    }

    [TestMethod]
    public void Zero_is_a_size()
    {
        using TfliteModel model = TfliteModel.Load(Means());
        CollectionAssert.AreEqual((float[])[float.NaN, float.NaN, 1, 0, 3, 2], Run(model, [1, 0, 3, 2], []));
        CollectionAssert.AreEqual((float[])[0, 1, 3, 2], Run(model, [0, 1, 3, 2], []));
    }

    [TestMethod]
    public void Few_plans_are_kept()
    {
        using TfliteModel model = TfliteModel.Load(Means());
        for (int width = 1; width <= 20; width++) Run(model, [1, 1, width, 2], new float[2 * width]);
        Assert.AreEqual(8, model.Open!.Plans);
    }

    [TestMethod]
    public void Memory_grows_to_what_the_largest_sizes_need()
    {
        using TfliteModel model = TfliteModel.Load(Means());
        long small = Memory(model, 2), large = Memory(model, 5000);
        Assert.IsTrue(large >= small + (4 * 2 * 4000), $"{small}, {large}");
        Assert.AreEqual(large, Memory(model, 3));

        static long Memory(TfliteModel model, int width)
        {
            using ModelCall call = model.Begin([1, 1, width, 2]);
            return call.MemoryBytes;
        }
    }

    [TestMethod]
    public void The_only_open_size_follows_from_the_length()
    {
        var m = new TestModel();
        int x = m.Tensor("x", TensorType.Float32, [1, -1]), y = m.Tensor("y", TensorType.Float32, [1, -1]);
        m.Operator(BuiltinOperator.Abs, [x], [y]);
        using TfliteModel model = TfliteModel.Load(m.Build([x], [y]));
        float[] result = new float[3];
        model.Run<float, float>([-1, 2, -3], result);
        CollectionAssert.AreEqual((float[])[1, 2, 3], result);
    }

    [TestMethod]
    public void Sizes_that_do_not_fit_are_an_error_of_the_call_and_of_no_other()
    {
        using TfliteModel model = TfliteModel.Load(Means());
        foreach (int[] sizes in (int[][])[[1, 1, 2, 3], [1, 1, 2], [], [1, -1, 2, 2], [-1, 1, 2, 2], [1, 1 << 16, 1 << 15, 2],
            [1, int.MaxValue, int.MaxValue, 2]])
            Assert.ThrowsExactly<ArgumentException>(() => Run(model, sizes, [1, 2]), string.Join(",", sizes));
        StringAssert.Contains(
            Assert.ThrowsExactly<ArgumentException>(() => Run(model, [1, 1, 2, 3], [1, 2])).Message, "has shape [-1, -1, -1, 2]");
        Assert.ThrowsExactly<ArgumentException>(() => Run(model, [1, 1, 2, 2], [1, 2]));
        Assert.ThrowsExactly<ArgumentException>(() => model.Begin(2));
        CollectionAssert.AreEqual((float[])[3, 4, 1, 1, 2, 2], Run(model, [1, 1, 2, 2], [2, 3, 4, 5]));
    }

    [TestMethod]
    public void A_call_of_sizes_that_come_again_allocates_nothing()
    {
        using TfliteModel model = TfliteModel.Load(Means());
        float[] x = new float[12], y = new float[2];
        for (int i = 0; i < 10; i++) Call();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 20; i++) Call();
        Assert.AreEqual(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Call()
        {
            using ModelCall call = model.Begin([1, 2, 3, 2]);
            call.SetInput<float>(0, x);
            call.Run();
            call.GetOutput<float>(0, y);
        }
    }

    [TestMethod]
    public void Threads_share_the_plans()
    {
        using TfliteModel model = TfliteModel.Load(Means());
        Parallel.For(0, 200, i =>
        {
            int width = 1 + (i % 10);
            CollectionAssert.AreEqual((float[])[i, 1, 1, 1, width, 2], Run(model, [1, 1, width, 2], [.. Enumerable.Range(0, width)
                .SelectMany(_ => (float[])[i, 1])]));
        });
    }

    [TestMethod]
    public void Subgraphs_follow_the_sizes()
    {
        var m = new TestModel();
        int flag = m.Tensor("flag", TensorType.Bool, [1]), x = m.Tensor("x", TensorType.Float32, [1, -1]);
        int y = m.Tensor("y", TensorType.Float32, [1, -1]);
        m.Operator(BuiltinOperator.If, [flag, x], [y], new SubgraphOptions(BuiltinOptionsType.If, 1, 2));
        m.Subgraph([flag, x], [y]);
        foreach (BuiltinOperator op in (BuiltinOperator[])[BuiltinOperator.Abs, BuiltinOperator.Neg])
        {
            (x, y) = (m.Tensor("x", TensorType.Float32, [1, -1]), m.Tensor("y", TensorType.Float32, [1, -1]));
            m.Operator(op, [x], [y]);
            m.Subgraph([x], [y]);
        }

        using TfliteModel model = TfliteModel.Load(m.Build());
        using ModelCall call = model.Begin([1, 1, 3]);
        foreach (bool taken in (bool[])[true, false])
        {
            call.SetInput<bool>(0, [taken]);
            call.SetInput<float>(1, [-1, 2, -3]);
            call.Run();
            float[] result = new float[3];
            call.GetOutput<float>(0, result);
            CollectionAssert.AreEqual(taken ? (float[])[1, 2, 3] : [1, -2, 3], result);
        }
    }

    /// <summary>[N, H, W, 2] gives the means of channels [N, 2], and the sizes.</summary>
    private static byte[] Means()
    {
        var m = new TestModel();
        int x = m.Tensor("x", TensorType.Float32, [-1, -1, -1, 2]);
        int doubled = m.Tensor("doubled", TensorType.Float32, [1, 1, 1, 2]), half = m.Tensor("half", TensorType.Float32, [1, 1, 1, 2]);
        int y = m.Tensor("y", TensorType.Float32, [-1, 2]);
        m.Operator(BuiltinOperator.Add, [x, x], [doubled], new ArithmeticOptions(BuiltinOptionsType.Add, ActivationFunction.None));
        m.Operator(
            BuiltinOperator.Mul, [doubled, m.Constant<float>("half", TensorType.Float32, [1], [0.5f])], [half],
            new ArithmeticOptions(BuiltinOptionsType.Mul, ActivationFunction.None));
        m.Operator(BuiltinOperator.Mean, [half, m.Constant<int>("axes", TensorType.Int32, [2], [1, 2])], [y], new ReducerOptions(false));
        return m.Build([x], [y]);
    }

    /// <summary>The means, and behind them the sizes of the input.</summary>
    private static float[] Run(TfliteModel model, int[] sizes, float[] values)
    {
        using ModelCall call = model.Begin(sizes);
        call.SetInput<float>(0, values);
        call.Run();
        CollectionAssert.AreEqual((int[])[sizes[0], 2], call.GetOutputShape(0).ToArray());
        float[] result = new float[sizes[0] * 2];
        call.GetOutput<float>(0, result);
        using ModelOutputs outputs = call.TakeOutputs();
        CollectionAssert.AreEqual((int[])[sizes[0], 2], outputs.GetShape(0).ToArray());
        CollectionAssert.AreEqual(result, outputs.Get<float>(0).ToArray());
        return [.. result, .. sizes.Select(s => (float)s)];
    }
}
