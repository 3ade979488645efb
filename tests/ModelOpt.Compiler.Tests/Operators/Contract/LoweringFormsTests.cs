using ModelOpt.Compiler.Operators.Convolution;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Operators.MatrixProducts;
using ModelOpt.Compiler.Operators.Movement;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Tests.Operators.Contract;

[TestClass]
internal sealed class LoweringFormsTests
{
    private static readonly Quantization Grid = Quantization.PerTensor(ElementType.Int8, 1f / 64, -5);

    [TestMethod]
    public void The_activation_behind_a_convolution_is_part_of_it()
    {
        LoweringGraph graph = new();
        Value x = graph.Node("Conv", [graph.Input("x", 1, 3, 4, 4), graph.Weight(4, 3, 1, 1)]);
        x = graph.Node("Clip", [x, graph.Constant([], 0f), graph.Constant([], 6f)]);
        graph.Output(graph.Node("Relu", [graph.Node("Add", [x, graph.Weight(4, 1, 1)])]));
        CollectionAssert.AreEqual(
            new[] { BuiltinOperator.Transpose, BuiltinOperator.Conv2D, BuiltinOperator.Add, BuiltinOperator.Transpose },
            LoweringGraph.Operators(graph.AssertRuns()));
    }

    [TestMethod]
    [DataRow("Gemm", new int[0], new[] { 1L, 1 })]
    [DataRow("MatMul", new int[0], new[] { 1L, 1 })]
    [DataRow("MatMul", new int[0], new[] { 1L })]
    [DataRow("Gemm", new[] { 3 }, new[] { 3L, 1 })]
    [DataRow("MatMul", new[] { 3 }, new[] { 1L, 3, 1 })]
    public void A_number_or_a_list_that_is_reshaped_is_multiplied(string type, int[] dims, long[] shape)
    {
        LoweringGraph graph = new();
        Value x = graph.Input("x", [.. dims.Select(d => (Dim)d)]);
        x = graph.Node("Reshape", [x, graph.Constant([shape.Length], shape)]);
        graph.Output(graph.Node(type, [x, graph.Weight(1, 5)]));
        _ = graph.AssertRuns();
    }

    [TestMethod]
    public void An_activation_stays_apart_where_its_input_has_other_readers()
    {
        LoweringGraph graph = new();
        Value x = graph.Node("Conv", [graph.Input("x", 1, 3, 4, 4), graph.Weight(4, 3, 1, 1)]);
        graph.Output(graph.Node("Add", [graph.Node("Relu", [x]), x]));
        CollectionAssert.Contains(LoweringGraph.Operators(graph.AssertRuns()), BuiltinOperator.Relu);
    }

    [TestMethod]
    public void Quantized_networks_are_float_outside_and_transpose_integers()
    {
        LoweringGraph graph = Quantized(out _);
        CollectionAssert.AreEqual(
            new[]
            {
                BuiltinOperator.Quantize, BuiltinOperator.Transpose, BuiltinOperator.Conv2D, BuiltinOperator.Transpose,
                BuiltinOperator.Dequantize,
            },
            LoweringGraph.Operators(graph.Lower()));
    }

    [TestMethod]
    public void Quantized_networks_give_the_same_integers_in_LiteRT()
    {
        LoweringGraph graph = Quantized(out Value output);
        byte[] tflite = graph.Lower();
        Tensor[] inputs = graph.RandomInputs();
        float[] ours = LoweringGraph.RunOurs(tflite, inputs)[0], theirs = LoweringGraph.RunLiteRt(tflite, inputs)[0];
        CollectionAssert.AreEqual(theirs, ours);
        foreach (Value constant in graph.Graph.Nodes[0].Inputs.Skip(1).OfType<Value>())
            constant.Constant = constant.Quantization!.Round(constant.Constant!);
        Tensor exact = graph.Interpret([Grid.Round(inputs[0])])[0];
        CollectionAssert.AreEqual(output.Quantization!.Round(exact).Span<float>().ToArray(), ours);
    }

    [TestMethod]
    public void A_float_node_reads_quantized_values_through_one_dequantize()
    {
        LoweringGraph graph = Quantized(out Value output);
        output.Name = "quantized";
        graph.Graph.Outputs.Clear();
        graph.Output(graph.Node("Add", [graph.Node("Add", [output, output]), output]));
        BuiltinOperator[] operators = LoweringGraph.Operators(graph.AssertRuns(0.1f));
        Assert.AreEqual(1, operators.Count(o => o == BuiltinOperator.Dequantize));
        Assert.AreEqual(1, operators.Count(o => o == BuiltinOperator.Quantize));
    }

    [TestMethod]
    public void What_a_float_node_writes_is_rounded_where_it_is_annotated()
    {
        LoweringGraph graph = new();
        Value x = graph.Node("Add", [graph.Input("x", 2, 3), graph.Weight(3)]);
        x.Quantization = Grid;
        graph.Output(x);
        byte[] tflite = graph.Lower();
        CollectionAssert.AreEqual(
            new[] { BuiltinOperator.Add, BuiltinOperator.Quantize, BuiltinOperator.Dequantize }, LoweringGraph.Operators(tflite));
        Tensor[] inputs = graph.RandomInputs();
        Tensor exact = graph.Interpret(inputs)[0];
        Tensor rounded = Grid.Round(exact);
        CollectionAssert.AreEqual(rounded.Span<float>().ToArray(), LoweringGraph.RunOurs(tflite, inputs)[0]);
    }

    [TestMethod]
    [DataRow("Conv", false)]
    [DataRow("Conv", true)]
    [DataRow("Gemm", false)]
    [DataRow("Gemm", true)]
    public void Stored_weights_come_through_a_dequantize(string type, bool half)
    {
        LoweringGraph graph = new();
        Value x = type == "Conv"
            ? graph.Node("Conv", [graph.Input("x", 1, 3, 4, 4), graph.Weight(4, 3, 1, 1), graph.Weight(4)])
            : graph.Node("Gemm", [graph.Input("x", 1, 3), graph.Weight(4, 3), graph.Weight(4)], ("transB", 1L));
        Node node = x.Producer!;
        Assert.IsNull(half ? StoredWeights.AsFloat16(node) : StoredWeights.AsInt8(node));
        graph.Output(x);
        Assert.AreEqual(half ? 2 : 1, LoweringGraph.Operators(graph.AssertRuns()).Count(o => o == BuiltinOperator.Dequantize));
    }

    [TestMethod]
    public void Bounds_of_minus_one_and_one_run_on_integers()
    {
        LoweringGraph graph = new();
        Value x = graph.Input("x", 2, 8);
        Value y = graph.Node("Clip", [x, graph.Constant([], -1f), graph.Constant([], 1f)]);
        x.Quantization = y.Quantization = Quantization.PerTensor(ElementType.Int8, 1f / 64, 0);
        graph.Output(y);
        CollectionAssert.Contains(LoweringGraph.Operators(graph.AssertRuns(0.01f)), BuiltinOperator.ReluN1To1);
    }

    [TestMethod]
    public void An_input_comes_back_as_it_was_given()
    {
        LoweringGraph graph = new();
        Value x = graph.Input("x", 2, 8), y = graph.Node("Relu", [x]);
        x.Quantization = y.Quantization = Grid;
        graph.Output(y);
        graph.Graph.Outputs.Add(x);
        Tensor[] inputs = graph.RandomInputs();
        CollectionAssert.AreEqual(inputs[0].Span<float>().ToArray(), LoweringGraph.RunOurs(graph.Lower(), inputs)[1]);
    }

    /// <summary>One annotated convolution.</summary>
    private static LoweringGraph Quantized(out Value output)
    {
        LoweringGraph graph = new();
        Value input = graph.Input("x", LoweringGraph.Batch, 3, 5, 5);
        input.Quantization = Grid;
        Value weight = graph.Weight(4, 3, 3, 3), bias = graph.Weight(4);
        output = graph.Node("Relu", [graph.Node("Conv", [input, weight, bias])]);
        output.Quantization = Quantization.PerTensor(ElementType.Int8, 1f / 100, -128);
        weight.Quantization = WeightGrid.Symmetric(weight.Constant!, 0);
        bias.Quantization = new Quantization(
            ElementType.Int32, [.. weight.Quantization.Scales.Select(s => s * Grid.Scale)], new int[4], 0);
        graph.Output(output);
        return graph;
    }
}
