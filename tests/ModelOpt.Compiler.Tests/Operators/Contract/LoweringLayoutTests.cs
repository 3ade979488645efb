using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Tests.Operators.Contract;

[TestClass]
internal sealed class LoweringLayoutTests
{
    private static readonly (string, object) Padded = ("pads", new long[] { 1, 1, 1, 1 });

    [TestMethod]
    public void A_plain_network_has_one_transpose_at_its_input()
    {
        LoweringGraph graph = new();
        Value x = Convolution(graph, graph.Input("x", LoweringGraph.Batch, 3, 8, 8), 3, 5);
        x = graph.Node("MaxPool", [graph.Node("Relu", [x])], ("kernel_shape", new long[] { 2, 2 }), ("strides", new long[] { 2, 2 }));
        x = graph.Node("Relu", [Convolution(graph, x, 5, 6)]);
        x = graph.Node("Flatten", [x]);
        graph.Output(graph.Node("Gemm", [x, graph.Weight(10, 96), graph.Weight(10)], ("transB", 1L)));

        BuiltinOperator[] operators = LoweringGraph.Operators(graph.AssertRuns());

        CollectionAssert.AreEqual(
            new[]
            {
                BuiltinOperator.Transpose, BuiltinOperator.Conv2D, BuiltinOperator.MaxPool2D, BuiltinOperator.Conv2D,
                BuiltinOperator.FullyConnected,
            },
            operators);
    }

    [TestMethod]
    public void An_image_of_one_channel_needs_no_transpose()
    {
        LoweringGraph graph = new();
        Value x = Convolution(graph, graph.Input("x", LoweringGraph.Batch, 1, 6, 6), 1, 4);
        graph.Output(graph.Node("Flatten", [graph.Node("GlobalAveragePool", [x])]));
        Assert.AreEqual(0, Transposes(graph.AssertRuns()));
    }

    [TestMethod]
    public void A_transpose_to_the_stored_order_disappears()
    {
        LoweringGraph graph = new();
        Value x = Convolution(graph, graph.Input("x", LoweringGraph.Batch, 3, 6, 6), 3, 4);
        graph.Output(graph.Node("Transpose", [x], ("perm", new long[] { 0, 2, 3, 1 })));
        Assert.AreEqual(1, Transposes(graph.AssertRuns()));
    }

    [TestMethod]
    public void Each_order_is_written_once_however_many_ask()
    {
        LoweringGraph graph = new();
        Value input = graph.Input("x", LoweringGraph.Batch, 3, 6, 6);
        Value sum = graph.Node("Add", [Convolution(graph, input, 3, 4), Convolution(graph, input, 3, 4)]);
        graph.Output(graph.Node("Add", [sum, graph.Node("Sigmoid", [sum])]));
        // One at the input, one at the output, which ONNX's order demands.
        Assert.AreEqual(2, Transposes(graph.AssertRuns()));
    }

    [TestMethod]
    public void A_flattened_image_is_undone_for_readers_that_need_its_sequence()
    {
        LoweringGraph graph = new();
        Value x = Convolution(graph, graph.Input("x", LoweringGraph.Batch, 3, 4, 4), 3, 4);
        x = graph.Node("Flatten", [x]);
        graph.Output(graph.Node("Gemm", [x, graph.Weight(64, 3)]), "scores");
        graph.Output(graph.Node("Softmax", [x]), "features");
        Assert.AreEqual(2, Transposes(graph.AssertRuns()));
    }

    [TestMethod]
    public void Constants_and_smaller_inputs_broadcast_in_the_stored_order()
    {
        LoweringGraph graph = new();
        Value x = Convolution(graph, graph.Input("x", LoweringGraph.Batch, 3, 6, 5), 3, 4);
        x = graph.Node("Mul", [x, graph.Weight(4, 1, 1)]);
        x = graph.Node("Add", [graph.Weight(6, 5), x]);
        x = graph.Node("Add", [x, graph.Constant([], 0.25f)]);
        x = graph.Node("Sub", [x, graph.Input("perColumn", 5)]);
        x = graph.Node("Mul", [x, graph.Input("perChannel", 1, 4, 1, 1)]);
        graph.Output(graph.Node("Transpose", [x], ("perm", new long[] { 0, 2, 3, 1 })));
        Assert.AreEqual(1, Transposes(graph.AssertRuns()), "the image's; axes of size 1 move without");
    }

    [TestMethod]
    public void An_open_batch_stays_open()
    {
        LoweringGraph graph = new();
        Value x = Convolution(graph, graph.Input("x", LoweringGraph.Batch, 3, 4, 4), 3, 4);
        x = graph.Node("Flatten", [graph.Node("Relu", [x])]);
        graph.Output(graph.Node("Gemm", [x, graph.Weight(64, 3)]));
        byte[] tflite = graph.Lower();
        Tensor[] inputs = [graph.Random([5, 3, 4, 4])];

        float[] ours = LoweringGraph.RunOurs(tflite, inputs)[0];

        LoweringGraph.AssertClose(graph.Interpret(inputs)[0].Span<float>(), ours, 1e-5f, "our runtime");
    }

    [TestMethod]
    public void Inputs_that_are_outputs_too_keep_both_names()
    {
        LoweringGraph graph = new();
        Value input = graph.Input("x", 2, 3);
        graph.Output(graph.Node("Identity", [input]), "same");
        graph.Output(graph.Node("Transpose", [input], ("perm", new long[] { 1, 0 })), "transposed");
        graph.AssertRuns();
    }

    private static Value Convolution(LoweringGraph graph, Value x, int from, int to) =>
        graph.Node("Conv", [x, graph.Weight(to, from, 3, 3), graph.Weight(to)], Padded);

    private static int Transposes(byte[] tflite) =>
        LoweringGraph.Operators(tflite).Count(o => o == BuiltinOperator.Transpose);
}
