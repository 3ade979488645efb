namespace ModelOpt.Compiler.Tests.Operators;

/// <summary>Operators that move data or work elementwise stay in the order in which their inputs are stored.</summary>
[TestClass]
internal sealed class LoweredOrderTests
{
    [TestMethod]
    public void Arithmetic() => Check("ADD SUB DIV MUL", (g, x) =>
    {
        Value y = g.Add("Add", x, g.Random(1, 3, 1, 1));
        y = g.Add("Sub", y, x);
        y = g.Add("Div", g.Random(2, 5), y);
        return [g.Add("Mul", y, g.Random(3, 2, 3, 4, 1))];
    });

    [TestMethod]
    public void Arithmetic_with_an_activation() =>
        Check("SUB", (g, x) => [g.Add("Relu", g.Add("Sub", x, g.Random(1, 3, 1, 1)))]);

    [TestMethod]
    public void Concat() => Check("CONCATENATION", (g, x) => [g.Add("Concat", [x, g.Random(1, 2, 2, 4, 5), x], ("axis", -3))]);

    [TestMethod]
    public void Split()
    {
        Check("SPLIT", (g, x) => g.Node("Split", [x], 2, ("axis", 2)).Outputs!);
        Check("SPLIT_V", (g, x) => g.Node("Split", [x, g.Longs(1, 4)], 2, ("axis", 3)).Outputs!);
    }

    [TestMethod]
    public void Slice()
    {
        Check("SLICE", (g, x) => [g.Add("Slice", x, g.Longs(1, -3), g.Longs(3, 1000), g.Longs(1, 3))]);
        Check("STRIDED_SLICE", (g, x) =>
            [g.Add("Slice", x, g.Longs(-1, 0), g.Longs(int.MinValue, 5), g.Longs(1, 3), g.Longs(-2, 2))]);
        Check("STRIDED_SLICE", (g, x) => [g.Add("Slice", x, g.Longs(3), g.Longs(0), g.Longs(3), g.Longs(-1))]);
    }

    [TestMethod]
    public void Gather()
    {
        Check("GATHER", (g, x) => [g.Add("Gather", [x, g.Longs(2, -3)], ("axis", 1))]);
        Check("GATHER", (g, x) => [g.Add("Gather", [x, g.Constant(Tensor.Scalar(-1L))], ("axis", 2))]);
        Check("GATHER", (g, x) => [g.Add("Gather", [x, g.Constant(Tensor.Of<long>([1, 2], [0, 2]))], ("axis", 1))]);
    }

    [TestMethod]
    public void Reshapes_that_leave_the_order_alone()
    {
        Check("RESHAPE", (g, x) => [g.Add("Unsqueeze", x, g.Longs(0))]);
        Check("RESHAPE", (g, x) => [g.Add("Reshape", x, g.Longs(2, 3, 20))]);
    }

    [TestMethod]
    public void Identity_and_Dropout_are_nothing() => Check("TRANSPOSE", (g, x) => [g.Add("Dropout", g.Add("Identity", x))]);

    [TestMethod]
    public void Squeeze_of_a_pooled_image_needs_no_transpose()
    {
        var graph = new TestGraph();
        Value x = graph.ChannelLast(2, 3, 1, 1);
        graph.Output(graph.Add("Squeeze", x, graph.Longs(2, 3)));
        Assert.AreEqual("RESHAPE", graph.AssertLowers());
    }

    [TestMethod]
    public void Integers_are_computed_and_cast()
    {
        var graph = new TestGraph();
        Value a = graph.Input("a", ElementType.Int32, 2, 3), b = graph.Input("b", ElementType.Int32, 3);
        graph.Output(graph.Add("Cast", [graph.Add("Mul", graph.Add("Add", a, b), b)], ("to", 1)));
        graph.Output(graph.Add("Cast", [graph.Add("Div", a, b)], ("to", 7)));
        Assert.AreEqual("RESHAPE ADD MUL CAST DIV CAST", graph.AssertLowers());
    }

    [TestMethod]
    public void Quantized_values_are_moved_as_integers()
    {
        var graph = new TestGraph();
        Value x = graph.ChannelLast(2, 4, 4, 5);
        x = graph.Add("Slice", x, graph.Longs(1), graph.Longs(4), graph.Longs(3));
        x = graph.Add("Gather", [x, graph.Longs(3, 1, 0, 2)], ("axis", 1));
        Node halves = graph.Node("Split", [x], 2, ("axis", 1));
        x = graph.Add("Concat", [halves.Outputs[1], graph.Add("Identity", halves.Outputs[0])], ("axis", 2));
        graph.Output(graph.Add("Reshape", x, graph.Longs(2, 2, -1)));
        Assert.AreEqual(
            "QUANTIZE SLICE GATHER SPLIT CONCATENATION RESHAPE TRANSPOSE DEQUANTIZE",
            graph.AssertLowers(Quantization.PerTensor(ElementType.Int8, 1f / 64, -5)));
    }

    [TestMethod]
    public void The_open_batch_stays_open()
    {
        var graph = new TestGraph();
        Value x = graph.ChannelLast(-1, 3, 4, 5);
        Value part = graph.Add("Slice", x, graph.Longs(0, 1), graph.Longs(int.MaxValue, 3), graph.Longs(0, 1));
        graph.Output(graph.Add("Reshape", graph.Add("Concat", [part, part], ("axis", 1)), graph.Longs(0, 4, -1)));
        Assert.AreEqual("STRIDED_SLICE CONCATENATION RESHAPE TRANSPOSE", graph.AssertLowers());
    }

    private static void Check(string operators, Func<TestGraph, Value, IReadOnlyList<Value?>> build)
    {
        var graph = new TestGraph();
        Value x = graph.ChannelLast(2, 3, 4, 5);
        foreach (Value? y in build(graph, x)) graph.Output(y!);
        // Transposes stand at the end only, one for each output, where ONNX's order is asked for.
        string written = graph.AssertLowers();
        while (written.EndsWith(" TRANSPOSE", StringComparison.Ordinal)) written = written[..^" TRANSPOSE".Length];
        Assert.AreEqual(operators, written);
    }
}
