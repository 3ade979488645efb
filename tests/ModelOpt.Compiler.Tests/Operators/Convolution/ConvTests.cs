using Google.Protobuf;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Onnx.Proto;
using ModelOpt.Compiler.Operators.Convolution;
using ModelOpt.Runtime.Threading;
using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Operators.Convolution;

[TestClass]
internal sealed class ConvTests
{
    [TestMethod]
    [DataRow(1, 1)]
    [DataRow(2, 2)]
    [DataRow(3, 3)]
    public void Random_convolutions_agree_with_peers(int axes, int seed)
    {
        var random = new Random(seed);
        for (int i = 0; i < 60; i++)
        {
            long[] kernel = Kernel(random, axes);
            int group = random.Next(1, 4), inputs = random.Next(1, 4), outputs = random.Next(1, 4),
                size = random.Next(7, axes == 3 ? 9 : 12);
            // Every other case is depthwise, with or without a multiplier.
            if (i % 2 == 0) inputs = 1;
            int[] x = [random.Next(1, 3), group * inputs, .. Enumerable.Repeat(size, axes)];
            int[] w = [group * outputs, inputs, .. kernel.Select(k => (int)k)];
            List<(string, object)> attributes = Attributes(random, kernel, dilate: true);
            attributes.Add(("group", (long)group));
            object?[] values = [Signed(random, x), Signed(random, w), random.Next(2) == 0 ? Signed(random, group * outputs) : null];
            Node("Conv", random.Next(2) == 0 ? values : [.. values.Where(v => v is not null)], 1, [.. attributes])
                .AssertAgreesWithPeers();
        }
    }

    [TestMethod]
    public void Threads_do_not_change_a_bit()
    {
        var random = new Random(5);
        Node node = Node(
            "Conv", [Signed(random, 2, 24, 19, 17), Signed(random, 40, 24, 3, 3), Signed(random, 40)], 1,
            ("pads", new long[] { 1, 1, 1, 1 }));
        Tensor alone = Run(null);
        using var pool = new WorkerPool(3);
        CollectionAssert.AreEqual(alone.Bytes.ToArray(), Run(pool).Bytes.ToArray());

        Tensor Run(WorkerPool? pool)
        {
            var context = new ForwardContext(node, [.. node.Inputs.Select(v => v!.Constant)]) { Pool = pool };
            Operator.Of(node).Forward(context);
            return context.Outputs[0]!;
        }
    }

    [TestMethod]
    public void Other_float_types_are_computed()
    {
        foreach (ElementType type in new[] { ElementType.Float64, ElementType.Float16 })
        {
            var random = new Random(8);
            Tensor x = Casting.To(Signed(random, 1, 4, 5, 5), type), w = Casting.To(Signed(random, 6, 2, 3, 3), type);
            Tensor[] wide = [.. new[] { x, w }.Select(t => Casting.To(t, ElementType.Float32))];
            (string, object) group = ("group", 2L);
            Tensor expected = Node("Conv", [.. wide], 1, group).RunPeer()[0], actual = Node("Conv", [x, w], 1, group).Run()[0];
            Assert.AreEqual(type, actual.Type);
            ReadOnlySpan<float> e = expected.Span<float>(), a = Casting.To(actual, ElementType.Float32).Span<float>();
            for (int i = 0; i < e.Length; i++) Assert.AreEqual(e[i], a[i], type == ElementType.Float16 ? 4e-3 : 1e-5);
        }
    }

    [TestMethod]
    public void Open_sizes_are_followed()
    {
        Tensor w = Signed(new Random(1), 8, 3, 3, 3);
        Assert.AreEqual(new Shape(N, 8, 30, 30), Node("Conv", [Floats(N, 3, 32, 32), w]).Infer().Shape);
        Dim h = new(-1, "H");
        Assert.AreEqual(
            new Shape(N, 8, h, h - 2),
            Node("Conv", [Floats(N, 3, h, h), w], 1, ("pads", new long[] { 1, 0, 1, 0 })).Infer().Shape);
        Assert.AreEqual(
            new Shape(N, 8, h, 16), Node("Conv", [Floats(N, 3, h, 16), w], 1, ("auto_pad", "SAME_UPPER")).Infer().Shape);
    }

    [TestMethod]
    public void Misfits_are_diagnosed()
    {
        var random = new Random(1);
        Tensor w = Signed(random, 8, 3, 3, 3);
        Assert.AreEqual("MOPT2004", Node("Conv", [Floats(N, 4, 9, 9), w]).InferError());
        Assert.AreEqual("MOPT2004", Node("Conv", [Floats(N, 3, 2, 2), w]).InferError());
        Assert.AreEqual("MOPT2004", Node("Conv", [Floats(N, 3, 9), w]).InferError());
        Assert.AreEqual("MOPT2004", Node("Conv", [Floats(N, 3, 9, 9), w, Signed(random, 7)]).InferError());
        Assert.AreEqual("MOPT2002", Node("Conv", [Floats(N, 3, 9, 9), w], 1, ("strides", new long[] { 0, 1 })).InferError());
        Assert.AreEqual("MOPT2002", Node("Conv", [Floats(N, 3, 9, 9), w], 1, ("pads", new long[] { 1, 1 })).InferError());
        Assert.AreEqual("MOPT2002", Node("Conv", [Floats(N, 3, 9, 9), w], 1, ("group", 0L)).InferError());
        Assert.AreEqual("MOPT2006", Node("Conv", [Floats(N, 3, 9, 9, 9, 9), Signed(random, 8, 3, 3, 3, 3, 3)]).InferError());
        Assert.AreEqual("MOPT2003", Node("Conv", [Floats(N, 3, 9, 9)]).InferError());
    }

    [TestMethod]
    public void Macs_count_each_product_of_one_sample()
    {
        Node node = Node("Conv", [Floats(N, 6, 10, 10), Signed(new Random(1), 4, 3, 3, 3)], 1, ("group", 2L));
        node.Infer();
        Assert.AreEqual(4L * 8 * 8 * 3 * 3 * 3, Operator.Of(node).Macs(node));
    }

    [TestMethod]
    public void A_bias_that_is_computed_agrees_with_peers()
    {
        var random = new Random(9);
        var node = Node("Conv", [Signed(random, 1, 2, 5, 5), Signed(random, 3, 2, 3, 3), Signed(random, 3)]);
        byte[] model = node.Model(fed: 3);
        ModelProto proto = ModelProto.Parser.ParseFrom(model);
        proto.Graph.Input.RemoveAt(1);
        proto.Graph.Initializer.Add(OnnxTensors.Write("x1", node.Input(1).Constant!));
        Graph graph = OnnxReader.Read(proto.ToByteArray());
        ShapeInference.Run(graph);
        Tensor[] actual = TfliteRunner.Run(Lowering.Write(graph), node.Input(0).Constant!, node.Input(2).Constant!);
        GraphTesting.AssertClose(node.RunPeer(), actual);
    }
}
