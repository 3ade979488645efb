using ModelOpt.Runtime.FlatBuffers;
using ModelOpt.Runtime.Tests.Plan;
using ModelOpt.Runtime.Tests.Tflite;
using ModelOpt.Runtime.Threading;

namespace ModelOpt.Runtime.Tests;

/// <summary>Whatever the bytes are, loading ends in a model or in an <see cref="InvalidModelException"/>.</summary>
[TestClass]
internal sealed class HostileFileTests
{
    [TestMethod]
    public void Files_cut_off_anywhere_are_refused()
    {
        byte[] file = SampleNetworks.Int8();
        bool[] runs = [.. Enumerable.Range(0, file.Length).Select(length => TryRun(file[..length]))];
        // The empty buffer, which comes last, is not read.
        int unread = runs.Reverse().TakeWhile(run => run).Count();
        Assert.AreEqual(4, unread);
        Assert.IsFalse(runs.AsSpan(0, runs.Length - unread).Contains(true));
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Files_with_a_changed_byte_are_refused_or_run(bool int8)
    {
        byte[] file = int8 ? SampleNetworks.Int8() : SampleNetworks.Float();
        AssertSomeRun(
            from i in Enumerable.Range(0, file.Length)
            from change in (byte[])[0x01, 0x80, 0xFF]
            select Damaged(file, damaged => damaged[i] ^= change));
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Files_with_subgraphs_that_are_damaged_are_refused_or_run(bool loops)
    {
        byte[] file = (loops ? SubgraphModels.While() : SubgraphModels.If()).Build();
        var random = new Random(3);
        AssertSomeRun(Enumerable.Range(0, 4 * file.Length).Select(i => Damaged(file, damaged =>
        {
            damaged[i % file.Length] ^= (byte)random.Next(1, 256);
            if (i >= file.Length)
                damaged[random.Next(file.Length)] ^= (byte)random.Next(1, 256);
        })));
    }

    [TestMethod]
    public void Random_damage_is_refused_or_runs()
    {
        byte[] file = SampleNetworks.Int8();
        var random = new Random(11);
        AssertSomeRun(Enumerable.Range(0, 3000).Select(_ => Damaged(file, damaged =>
        {
            for (int k = random.Next(1, 5); k > 0; k--)
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
        })), least: 300);
    }

    [TestMethod]
    [DataRow(new[] { int.MaxValue }, "larger than the limit")]
    [DataRow(new[] { 65536, 65536, 65536 }, "larger than the limit")]
    [DataRow(new[] { 4, -2 }, "negative dimension")]
    [DataRow(new[] { 1, 1, 1, 1, 1, 1, 1, 1, 1 }, "at most 8")]
    public void Shapes_out_of_reach_are_refused(int[] shape, string message)
    {
        var m = new TestModel();
        int x = m.Tensor("huge", TensorType.Float32, shape);
        var e = Assert.ThrowsExactly<InvalidModelException>(() => TfliteModel.Load(m.Build([x], [x])));
        StringAssert.Contains(e.Message, message);
        StringAssert.Contains(e.Message, "'huge'");
    }

    [TestMethod]
    public void Loading_allocates_what_the_file_holds_not_what_it_claims()
    {
        const int size = 16384;
        var m = new TestModel();
        int x = m.Tensor("x", TensorType.Int8, [1, size, size, 1], 0.1f), last = x;
        int Next(string name) => m.Tensor(name, TensorType.Int8, [1, size, size, 1], 0.1f);
        int w = m.Constant("w", TensorType.Int8, [1, 3, 3, 1], new sbyte[9], [0.1f]);
        int y = Next("conv");
        m.Operator(
            BuiltinOperator.Conv2D, [last, w, -1], [y], new Conv2DOptions(Padding.Same, 1, 1, ActivationFunction.None));
        (last, y) = (y, Next("depthwise"));
        m.Operator(
            BuiltinOperator.DepthwiseConv2D, [last, w, -1], [y],
            new DepthwiseConv2DOptions(Padding.Same, 1, 1, 1, ActivationFunction.None));
        (last, y) = (y, Next("pool"));
        m.Operator(
            BuiltinOperator.MaxPool2D, [last], [y],
            new Pool2DOptions(Padding.Same, 1, 1, 2, 2, ActivationFunction.None));
        (last, y) = (y, Next("average"));
        m.Operator(
            BuiltinOperator.AveragePool2D, [last], [y],
            new Pool2DOptions(Padding.Same, 1, 1, 2, 2, ActivationFunction.None));
        (last, y) = (y, Next("add"));
        m.Operator(
            BuiltinOperator.Add, [last, x], [y],
            new ArithmeticOptions(BuiltinOptionsType.Add, ActivationFunction.None));
        (last, y) = (y, Next("tanh"));
        m.Operator(BuiltinOperator.Tanh, [last], [y]);
        (last, y) = (y, Next("softmax"));
        m.Operator(BuiltinOperator.Softmax, [last], [y], new SoftmaxOptions(1));
        (last, y) = (y, m.Tensor("transpose", TensorType.Int8, [1, 1, size, size], 0.1f));
        m.Operator(
            BuiltinOperator.Transpose, [last, m.Constant("p", TensorType.Int32, [4], new[] { 0, 3, 2, 1 })], [y]);
        byte[] file = m.Build([x], [y]);
        long before = GC.GetAllocatedBytesForCurrentThread();
        using TfliteModel model = TfliteModel.Load(file);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.IsTrue(model.Plan.ArenaBytes >= size * size);
        Assert.IsTrue(allocated < 1 << 20, $"{allocated} bytes were allocated");
    }

    [TestMethod]
    public void A_vector_longer_than_the_file_is_refused()
    {
        var builder = new FlatBufferBuilder();
        FlatOffset numbers = builder.CreateVector<int>([1, 2, 3]);
        builder.StartTable(1);
        builder.Add(0, numbers);
        byte[] bytes = builder.Finish(builder.EndTable(), "TEST");
        int count = Array.IndexOf(bytes, (byte)3, 8);
        bytes[count + 3] = 0x7F;
        Assert.ThrowsExactly<InvalidModelException>(() => new FlatBuffer(bytes).Root("TEST").Int32s(0).Length);
    }

    [TestMethod]
    public void Unsupported_operators_are_named_with_their_output()
    {
        var m = new TestModel();
        int x = m.Tensor("x", TensorType.Float32, [2]), y = m.Tensor("result", TensorType.Float32, [2]);
        m.Operator(BuiltinOperator.Conv3D, [x], [y]);
        var e = Assert.ThrowsExactly<InvalidModelException>(() => TfliteModel.Load(m.Build([x], [y])));
        Assert.AreEqual("CONV_3D, operator 0 (output 'result'): this operator is not supported.", e.Message);
    }

    [TestMethod]
    public void A_tensor_used_before_it_is_computed_is_refused()
    {
        var m = new TestModel();
        int x = m.Tensor("x", TensorType.Float32, [2]), y = m.Tensor("y", TensorType.Float32, [2]),
            z = m.Tensor("z", TensorType.Float32, [2]);
        m.Operator(BuiltinOperator.Relu, [y], [z]);
        m.Operator(BuiltinOperator.Relu, [z], [y]);
        var e = Assert.ThrowsExactly<InvalidModelException>(() => TfliteModel.Load(m.Build([x], [z])));
        StringAssert.Contains(e.Message, "'y' is used before it is computed");
    }

    // Runs what loads, unless it claims much memory or work: kernels must be safe whatever the file says.
    private static byte[] Damaged(byte[] file, Action<byte[]> damage)
    {
        byte[] damaged = [.. file];
        damage(damaged);
        return damaged;
    }

    private static void AssertSomeRun(IEnumerable<byte[]> files, int least = 100)
    {
        bool[] runs = [.. files.Select(TryRun)];
        Assert.IsGreaterThan(least, runs.Count(run => !run));
        Assert.IsGreaterThan(least, runs.Count(run => run));
    }

    private static bool TryRun(byte[] file)
    {
        try
        {
            using TfliteModel model = TfliteModel.Load(file);
            if (model.Plan.ArenaBytes > 1 << 20 || model.Plan.ScratchBytes > 1 << 20 || model.Plan.Steps.Sum(s => s.Kernel.Work) > 1 << 24)
                return true;
            if (model.Plan.Inputs.Sum(input => (long)input.Length) > 1 << 20)
                return true;
            var session = new SessionPool(model.Plan, new WorkerPool(1)).Rent();
            for (int i = 0; i < model.Plan.Inputs.Length; i++)
                session.SetSample(i, new byte[model.Plan.Inputs[i].Length]);
            session.Run();
            return true;
        }
        catch (InvalidModelException)
        {
            return false;
        }
    }
}
