using ModelOpt.Compiler.Interpretation;

namespace ModelOpt.Compiler.Tests.Operators.Movement;

[TestClass]
internal sealed class SliceTests
{
    private static readonly long[] Far = [long.MaxValue, int.MaxValue, -int.MaxValue, int.MinValue, 1000, -1000];

    [TestMethod]
    public void Random_slices_agree_with_ONNX_Runtime()
    {
        var random = new Random(11);
        for (int i = 0; i < 120; i++)
        {
            int[] dims = RandomDims(random, 1, 4);
            long[] axes = [.. Enumerable.Range(0, dims.Length).Where(_ => random.Next(3) > 0).Select(a => (long)a)];
            if (axes.Length == 0) axes = [0];
            random.Shuffle(axes);
            long[] starts = Positions(), ends = Positions();
            long[] steps = [.. axes.Select(_ => (long)random.Next(1, 4) * (random.Next(2) == 0 ? 1 : -1))];
            // Backwards up to the largest integer is nothing in ONNX, but everything in ONNX Runtime.
            for (int k = 0; k < ends.Length; k++)
                if (steps[k] < 0 && ends[k] >= int.MaxValue) ends[k] = -int.MaxValue;
            axes = [.. axes.Select(a => random.Next(2) == 0 ? a : a - dims.Length)];
            Tensor x = Random(random, ElementType.Float32, dims);
            Node("Slice", [x, Tensor.Vector(starts), Tensor.Vector(ends), Tensor.Vector(axes), Tensor.Vector(steps)])
                .AssertAgrees();

            long[] Positions() => [.. axes.Select(_ => random.Next(5) == 0 ? Far[random.Next(Far.Length)] : random.Next(-7, 8))];
        }
    }

    [TestMethod]
    public void The_form_with_attributes_is_read()
    {
        Tensor x = Random(new Random(1), ElementType.Int64, 4, 5);
        Node node = Node("Slice", [x], 1, ("starts", new long[] { 1, -3 }), ("ends", new long[] { 3, 100 }));
        node.AssertAgrees(opset: 9);
        Assert.IsEmpty(node.Attributes);
        Node("Slice", [x], 1, ("starts", new long[] { 1 }), ("ends", new long[] { 3 }), ("axes", new long[] { 1 }))
            .AssertAgrees(opset: 9);
    }

    [TestMethod]
    public void Open_sizes_are_followed()
    {
        Assert.AreEqual(new Shape(N, 2), Of(Floats(N, 4), [0, 1], [long.MaxValue, 3]).Infer().Shape);
        Assert.AreEqual(new Shape(new Dim(-1, "(N-1)")), Of(Floats(N), [1], [int.MaxValue]).Infer().Shape);
        Assert.AreEqual(new Shape(new Dim(-1, "min(5, N)")), Of(Floats(N), [0], [5]).Infer().Shape);
        Assert.AreEqual(
            new Shape(N), Node("Slice", [Floats(N), Tensor.Vector(0L), Sizes(N), Tensor.Vector(0L)]).Infer().Shape);
    }

    [TestMethod]
    [DataRow(new[] { -1, 5 }, 1)]
    [DataRow(new[] { -1, 5, 4 }, 1)]
    [DataRow(new[] { -1, 5, 4 }, 2)]
    [DataRow(new[] { -1, 2, 5, 4 }, 3)]
    public void A_slice_of_an_open_batch_is_that_in_every_engine(int[] dims, int axis)
    {
        var g = new TestGraph();
        g.Output(g.Add("Slice", g.Input("x", [.. dims.Select(d => (long)d)]), g.Longs(1), g.Longs(3), g.Longs(axis)));
        Graph graph = g.Build();
        ShapeInference.Run(graph);
        byte[] tflite = Lowering.Write(graph);
        Tensor x = TestGraph.RandomTensor(1, [1, .. dims[1..]]), expected = new Interpreter(graph).Run(x)[0];
        CollectionAssert.AreEqual(expected.Span<float>().ToArray(), TfliteRunner.Run(tflite, x)[0].Span<float>().ToArray(), "runtime");
        CollectionAssert.AreEqual(expected.Span<float>().ToArray(), TfliteRunner.RunLiteRt(tflite, x)[0].Span<float>().ToArray(), "LiteRT");
    }

    [TestMethod]
    public void Sizes_are_picked()
    {
        CollectionAssert.AreEqual(new Dim[] { 3, 4 }, Of(Sizes(N, 3, 4), [1], [3]).Infer().ShapeContent!.ToArray());
        Value reversed = Node("Slice", [
            Sizes(N, 3, 4), Tensor.Vector(-1L), Tensor.Vector(long.MinValue), Tensor.Vector(0L), Tensor.Vector(-1L)]).Infer();
        CollectionAssert.AreEqual(new[] { 4, 3, N }, reversed.ShapeContent!.ToArray());
    }

    [TestMethod]
    public void Misfits_are_diagnosed()
    {
        Assert.AreEqual("MOPT2004", Of(Floats(4), [0, 0], [1, 1]).InferError());
        Assert.AreEqual("MOPT2004", Of(Floats(4, 4), [0, 0], [1]).InferError());
        Assert.AreEqual("MOPT2002", Node("Slice", [
            Floats(4), Tensor.Vector(0L), Tensor.Vector(1L), Tensor.Vector(1L)]).InferError());
        Assert.AreEqual("MOPT2002", Node("Slice", [
            Floats(4), Tensor.Vector(0L), Tensor.Vector(1L), Tensor.Vector(0L), Tensor.Vector(0L)]).InferError());
    }

    private static Node Of(Value x, long[] starts, long[] ends) => Node("Slice", [x, Tensor.Vector(starts), Tensor.Vector(ends)]);

    [TestMethod]
    public void Computed_bounds_agree_with_ONNX_Runtime()
    {
        var random = new Random(12);
        for (int i = 0; i < 24; i++)
        {
            Tensor x = Random(random, ElementType.Float32, 4, 5, 3);
            long[] axes = i % 3 == 0 ? [-1, 0] : i % 3 == 1 ? [1] : [0, 1, 2];
            long[] starts = [.. axes.Select(_ => random.Next(5) == 0 ? long.MinValue : random.Next(-6, 3))];
            long[] steps = [.. axes.Select(_ => (long)random.Next(1, 3) * (i % 4 == 0 ? -1 : 1))];
            long[] ends = [.. steps.Select(s => random.Next(4) == 0 ? (s > 0 ? long.MaxValue : long.MinValue) : random.Next(-2, 7))];
            Node("Slice", [x, Tensor.Vector(starts), Tensor.Vector(ends), Tensor.Vector(axes), Tensor.Vector(steps)])
                .AssertAgreesWithPeers(fed: 2 + (i % 4), liteRt: false);
        }
    }

    [TestMethod]
    public void An_image_is_cut_where_it_lies_and_LiteRT_agrees()
    {
        var graph = new TestGraph();
        Value x = graph.ChannelLast(1, 3, 4, 5), end = graph.Input("end", ElementType.Int64, 1);
        Value cut = graph.Add("Slice", x, graph.Longs(0), end, graph.Longs(2));
        graph.Output(graph.Add("ReduceMax", [cut, graph.Longs(2)], ("keepdims", 0)));
        StringAssert.Contains(graph.AssertLowers(), "CONCATENATION GATHER STRIDED_SLICE REDUCE_MAX");
    }
}
