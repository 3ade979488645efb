using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Tests.Onnx;
using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Operators;

/// <summary>
/// Nodes in the forms of opsets before 7, which ONNX Runtime does not run: they compute what it gives for the same in a later form.
/// </summary>
[TestClass]
internal sealed class EarlyFormsTests
{
    private static readonly Tensor X = Signed(new Random(3), 2, 3, 4, 6);
    private static readonly Tensor Channels = Tensor.Vector(0.5f, 2, -1.5f), Column = Tensor.Of<float>([3, 1, 1], [0.5f, 2, -1.5f]);
    private static readonly Tensor Row = Signed(new Random(4), 6), Matrix = Signed(new Random(5), 3, 4);
    private static readonly Tensor Variance = Tensor.Vector(0.5f, 2, 1.5f), Sequence = Signed(new Random(6), 5, 2, 3);

    public static IEnumerable<object[]> Forms =>
        new (int Opset, Node Early, Node Later)[]
        {
            (1, Node("Add", [X, Channels], 1, ("broadcast", 1L), ("axis", 1L), ("consumed_inputs", new[] { 0L, 0L })),
                Node("Add", [X, Column])),
            (6, Node("Mul", [X, Channels], 1, ("broadcast", 1L), ("axis", -3L)), Node("Mul", [X, Column])),
            (6, Node("Sub", [X, Row], 1, ("broadcast", 1L)), Node("Sub", [X, Row])),
            (6, Node("Div", [X, Matrix], 1, ("broadcast", 1L), ("axis", 1L)), Node("Div", [X, Reshaped(Matrix, 3, 4, 1)])),
            (1, Node("Less", [X, Channels], 1, ("broadcast", 1L), ("axis", 1L)), Node("Less", [X, Column])),
            (1, Node("Pow", [X, Tensor.Vector(2f, 3)], 1, ("broadcast", 1L), ("axis", 0L)),
                Node("Pow", [X, Tensor.Of<float>([2, 1, 1, 1], [2, 3])])),
            (6, Node("PRelu", [X, Channels]), Node("PRelu", [X, Column])),
            (6, Node("PRelu", [X, Tensor.Vector(0.25f)]), Node("PRelu", [X, Tensor.Vector(0.25f)])),
            (6, Node("Gemm", [Reshaped(X, 6, 24), Reshaped(Signed(new Random(9), 48), 24, 2), Tensor.Vector(1f, 2)], 1,
                    ("broadcast", 1L)),
                Node("Gemm", [Reshaped(X, 6, 24), Reshaped(Signed(new Random(9), 48), 24, 2), Tensor.Vector(1f, 2)])),
            (6, Node("BatchNormalization", [X, Channels, Channels, Channels, Variance], 1, ("is_test", 1L), ("spatial", 1L)),
                Node("BatchNormalization", [X, Channels, Channels, Channels, Variance])),
            (1, Node("BatchNormalization", [X, Channels, Channels, Channels, Variance], 1,
                ("consumed_inputs", new[] { 0L, 0L, 0L, 1L, 1L })),
                Node("BatchNormalization", [X, Channels, Channels, Channels, Variance])),
            (1, Node("Dropout", [X], 1, ("is_test", 1L), ("ratio", 0.5f)), Node("Identity", [X])),
            (1, Node("Reshape", [X], 1, ("shape", new[] { 0L, -1 })), Node("Reshape", [X, Tensor.Vector(0L, -1)])),
            (1, Node("Pad", [X], 1, ("paddings", new[] { 0L, 0, 1, 2, 0, 0, 0, 1 }), ("value", 0.5f)),
                Node("Pad", [X, Tensor.Vector(0L, 0, 1, 2, 0, 0, 0, 1), Tensor.Scalar(0.5f)])),
            (3, Node("Concat", [X, X]), Node("Concat", [X, X], 1, ("axis", 1L))),
            (1, Node("Cast", [X], 1, ("to", "INT32")), Node("Cast", [X], 1, ("to", 6L))),
            (5, Node("Cast", [Tensor.Vector(1L, 2)], 1, ("to", "FLOAT")), Node("Cast", [Tensor.Vector(1L, 2)], 1, ("to", 1L))),
            (1, Node("Upsample", [X], 1, ("height_scale", 2f), ("width_scale", 3f), ("mode", "nearest")),
                Node("Resize", [X, null, Tensor.Vector(1f, 1, 2, 3)], 1, ("coordinate_transformation_mode", "asymmetric"),
                    ("nearest_mode", "floor"))),
            (6, Node("Upsample", [X], 1, ("height_scale", 2f), ("width_scale", 2f), ("mode", "bilinear")),
                Node("Resize", [X, null, Tensor.Vector(1f, 1, 2, 2)], 1, ("coordinate_transformation_mode", "asymmetric"),
                    ("mode", "linear"))),
            (1, Node("Tile", [X, Tensor.Vector(3f), Tensor.Vector(1f)]), Node("Tile", [X, Tensor.Vector(1L, 3, 1, 1)])),
            (1, Node("Split", [X, Tensor.Vector(1L, 3)], 2, ("axis", 2L)), Node("Split", [X, Tensor.Vector(1L, 3)], 2, ("axis", 2L))),
            (1, Node("Clip", [X], 1, ("min", -0.25f), ("max", 0.5f), ("consumed_inputs", new[] { 1L })),
                Node("Clip", [X, Tensor.Scalar(-0.25f), Tensor.Scalar(0.5f)])),
            (1, Node("Selu", [X]), Node("Selu", [X], 1, ("alpha", 1.6732f), ("gamma", 1.0507f))),
            (1, Node("LpPool", [X], 1, ("p", 3f), ("kernel_shape", new[] { 2L, 2 })),
                Node("LpPool", [X], 1, ("p", 3L), ("kernel_shape", new[] { 2L, 2 }))),
            (1, Node("GlobalLpPool", [X], 1, ("p", 1f)), Node("GlobalLpPool", [X], 1, ("p", 1L))),
            (6, Node("AveragePool", [X], 1, ("kernel_shape", new[] { 2L, 2 }), ("pads", new[] { 1L, 1, 0, 0 })),
                Node("AveragePool", [X], 1, ("kernel_shape", new[] { 2L, 2 }), ("pads", new[] { 1L, 1, 0, 0 }))),
            (6, Node("LSTM", [Sequence, Signed(new Random(1), 1, 16, 3), Signed(new Random(2), 1, 16, 4)], 1,
                    ("hidden_size", 4L), ("output_sequence", 1L)),
                Node("LSTM", [Sequence, Signed(new Random(1), 1, 16, 3), Signed(new Random(2), 1, 16, 4)], 1,
                    ("hidden_size", 4L))),
            (1, Node("GRU", [Sequence, Signed(new Random(1), 1, 12, 3), Signed(new Random(2), 1, 12, 4)], 1,
                    ("hidden_size", 4L), ("output_sequence", 1L)),
                Node("GRU", [Sequence, Signed(new Random(1), 1, 12, 3), Signed(new Random(2), 1, 12, 4)], 1,
                    ("hidden_size", 4L))),
            (1, Node("ThresholdedRelu", [X], 1, ("alpha", 0.25f)), Node("ThresholdedRelu", [X], 1, ("alpha", 0.25f))),
            (1, Node("MeanVarianceNormalization", [X]), Node("MeanVarianceNormalization", [X], 1, ("axes", new[] { 2L, 3 }))),
            (1, Node("MeanVarianceNormalization", [X], 1, ("across_channels", 1L)),
                Node("MeanVarianceNormalization", [X], 1, ("axes", new[] { 1L, 2, 3 }))),
        }.Select((form, i) => new object[] { $"{i} {form.Early.Type} of opset {form.Opset}", form.Opset, form.Early, form.Later });

    [TestMethod]
    [DynamicData(nameof(Forms))]
    public void An_early_form_computes_what_the_later_one_does(string name, int opset, object early, object later)
    {
        (Node node, Node same) = ((Node)early, (Node)later);
        Tensor[] expected = same.RunPeer(fed: 1);
        Graph graph = OnnxReader.Read(node.Model(opset, fed: 1));
        ShapeInference.Run(graph);
        Tensor[] actual = new Interpreter(graph).Run(node.Input(0).Constant!);
        Assert.HasCount(expected.Length, actual, name);
        GraphTesting.AssertClose(expected, actual);
        // What is written says no more of the early form.
        GraphTesting.AssertClose(expected, Peers.OnnxRuntime.Run(
            OnnxWriter.Write(graph), new Dictionary<string, Tensor> { ["x0"] = node.Input(0).Constant! }));
    }

    [TestMethod]
    public void A_computed_operand_lies_along_the_axes_that_are_named()
    {
        // The file does not say the sizes of 'a': they follow from what makes it.
        byte[] model = new OnnxModel().Opset(6).Input("x", "2", "3", "4").Input("b", "3").Node("Relu r: x -> a")
            .Node("Add n: a b -> y", ("broadcast", 1), ("axis", 1)).Output("y", "2", "3", "4").Bytes();
        Graph graph = OnnxReader.Read(model);
        ShapeInference.Run(graph);
        Tensor x = Signed(new Random(1), 2, 3, 4);
        float[] y = new Interpreter(graph).Run(x, Tensor.Vector(1f, 2, 3))[0].Span<float>().ToArray();
        for (int i = 0; i < y.Length; i++) Assert.AreEqual(MathF.Max(0, x.Span<float>()[i]) + (i / 4 % 3) + 1, y[i]);
    }

    [TestMethod]
    public void Training_and_operands_that_do_not_fit_are_refused()
    {
        Refuses("training mode", Node("BatchNormalization", [X, Channels, Channels, Channels, Variance], 3));
        Refuses("does not lie along axes", Node("Add", [X, Matrix], 1, ("broadcast", 1L), ("axis", 3L)));
        Refuses("'axis' is missing", Node("Split", [X], 2, ("split", new[] { 1L, 1 })));
        Refuses("not an integer", Node("GlobalLpPool", [X], 1, ("p", 1.5f)));
        Refuses("'to'", Node("Cast", [X], 1, ("to", "FLOAT32X")));
        Refuses("'broadcast' is not one of Add from opset 7 on", Node("Add", [X, Row], 1, ("broadcast", 1L)), 7);
    }

    [TestMethod]
    public void A_file_of_the_first_format_names_no_opset()
    {
        OnnxModel model = new OnnxModel().Input("x", "2", "3").Initializer("b", [3], 1, 2, 3).Input("b", "3")
            .Node("Add n: x b -> y", ("broadcast", 1)).Output("y", "2", "3");
        model.Proto.OpsetImport.Clear();
        model.Proto.IrVersion = 1;
        Graph graph = OnnxReader.Read(model.Bytes());
        Assert.HasCount(1, graph.Inputs);
        model.Proto.IrVersion = 3;
        Assert.AreEqual("MOPT1003", Assert.ThrowsExactly<CompilationException>(
            () => OnnxReader.Read(model.Bytes())).Diagnostic.Descriptor.Code);
    }

    private static void Refuses(string text, Node node, int opset = 1) => StringAssert.Contains(
        Assert.ThrowsExactly<CompilationException>(() => OnnxReader.Read(node.Model(opset, fed: 1))).Message, text);

    private static Tensor Reshaped(Tensor tensor, params int[] dims) => tensor.Reshape(dims);
}
