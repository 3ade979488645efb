using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;
using static ModelOpt.Compiler.Tests.Tflite.ForeignModel;

namespace ModelOpt.Compiler.Tests.Tflite.Lifts;

[TestClass]
internal sealed class LayersTests
{
    [TestMethod]
    [DataRow(Padding.Same, 2, 3, 6, 8)]
    [DataRow(Padding.Valid, 2, 3, 7, 9)]
    [DataRow(Padding.Valid, 3, 2, 9, 12)]
    public void Transposed_convolutions(Padding padding, int stride, int kernel, int height, int width)
    {
        ForeignModel model = new();
        model.AssertReads(model.Add(
            BuiltinOperator.TransposeConv,
            [Ints(1, height, width, 4), model.Weights(4, kernel, kernel, 2), model.Input(1, 3, 4, 2)],
            new TransposeConvOptions(padding, stride, stride), 1, height, width, 4));
    }

    [TestMethod]
    public void Filters_of_groups_and_of_channels()
    {
        ForeignModel model = new();
        TfliteTensor x = model.Input(1, 6, 7, 4);
        TfliteTensor groups = model.Add(
            BuiltinOperator.Conv2D, [x, model.Weights(6, 3, 3, 2), model.Weights(6)],
            new Conv2DOptions(Padding.Valid, 2, 1, ActivationFunction.None), 1, 4, 3, 6);
        TfliteTensor channels = model.Add(
            BuiltinOperator.DepthwiseConv2D, [groups, model.Weights(1, 3, 3, 12), model.Weights(12)],
            new DepthwiseConv2DOptions(Padding.Same, 1, 1, 2, ActivationFunction.ReluN1To1), 1, 4, 3, 12);
        Assert.AreEqual("Transpose Conv Conv Clip Transpose", model.AssertReads(channels));
    }

    [TestMethod]
    public void Dense_layers_of_more_axes()
    {
        ForeignModel model = new();
        TfliteTensor kept = model.Add(
            BuiltinOperator.FullyConnected, [model.Input(2, 3, 4), model.Weights(5, 4), null],
            new FullyConnectedOptions(ActivationFunction.Relu, KeepDimensions: true), 2, 3, 5);
        TfliteTensor flat = model.Add(
            BuiltinOperator.FullyConnected, [kept, model.Weights(2, 15), model.Weights(2)],
            new FullyConnectedOptions(ActivationFunction.None), 2, 2);
        model.AssertReads(flat);
    }

    [TestMethod]
    public void Integer_weights_without_integer_activations_are_weights_of_float_layers()
    {
        ForeignModel model = new();
        Quantization grid = Quantization.PerTensor(ElementType.Int8, 0.01f, 0);
        Tensor w = Tensor.Of<sbyte>([4, 3], [.. Enumerable.Range(0, 12).Select(i => (sbyte)((37 * i) - 100))]);
        TfliteTensor y = model.Add(
            BuiltinOperator.FullyConnected, [model.Input(2, 3), Constant(w, grid), model.Weights(4)],
            new FullyConnectedOptions(ActivationFunction.None), 2, 4);
        Graph graph = Read(model.Write(y));
        Assert.AreEqual("Gemm", graph.Types());
        Assert.AreEqual(grid, graph.Nodes[0].Input(1).Quantization);
        Assert.AreEqual(-0.26f, graph.Nodes[0].Input(1).Constant!.Span<float>()[2], 1e-6f);
    }
}
