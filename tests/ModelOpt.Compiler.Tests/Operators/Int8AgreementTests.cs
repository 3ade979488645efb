using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Operators;

/// <summary>Each operator that runs in int8, compiled on its own: our runtime and ONNX Runtime agree bit for bit.</summary>
[TestClass]
internal sealed class Int8AgreementTests
{
    private readonly Random _random = new(1);

    [TestMethod]
    public void Convolutions()
    {
        Node("Conv", [X(1, 3, 9, 9), W(8, 3, 3, 3), W(8)], 1, ("pads", new long[] { 1, 1, 1, 1 })).AssertInt8Agrees();
        Node("Conv", [X(1, 3, 9, 9), W(8, 3, 3, 3)], 1, ("pads", new long[] { 1, 0, 0, 2 }), ("strides", new long[] { 2, 1 }))
            .AssertInt8Agrees();
        Node("Conv", [X(1, 6, 9, 9), W(6, 1, 3, 3), W(6)], 1, ("group", 6L), ("auto_pad", "SAME_UPPER")).AssertInt8Agrees();
        Node("Conv", [X(1, 3, 9, 9), W(6, 1, 3, 3)], 1, ("group", 3L), ("dilations", new long[] { 2, 2 })).AssertInt8Agrees();
        Node("Conv", [X(1, 8, 7, 7), W(8, 4, 1, 1), W(8)], 1, ("group", 2L)).AssertInt8Agrees();
        Node("Conv", [X(1, 4, 19), W(5, 4, 3), W(5)], 1, ("pads", new long[] { 1, 1 })).AssertInt8Agrees();
        Node("Conv", [X(1, 4, 5, 6, 7), W(6, 2, 3, 3, 3), W(6)], 1, ("group", 2L), ("pads", new long[] { 1, 1, 1, 1, 1, 1 }))
            .AssertInt8Agrees();
    }

    [TestMethod]
    public void Matrix_products()
    {
        Node("Gemm", [X(1, 33), W(33, 7), W(7)]).AssertInt8Agrees();
        Node("Gemm", [X(1, 33), W(7, 33)], 1, ("transB", 1L), ("alpha", 0.5f)).AssertInt8Agrees();
        Node("MatMul", [X(1, 33), W(33, 7)]).AssertInt8Agrees();
        Node("MatMul", [X(1, 5, 33), W(33, 7)]).AssertInt8Agrees();
    }

    [TestMethod]
    public void Pools_and_means()
    {
        (string, object) kernel = ("kernel_shape", new long[] { 3, 3 }), pads = ("pads", new long[] { 1, 1, 1, 1 });
        (string, object) strides = ("strides", new long[] { 2, 2 });
        // Movers run in int8 beside what computes; alone they stay in float.
        Node("MaxPool", [X(1, 4, 9, 9)], 1, kernel, pads, strides).AssertInt8Agrees(integers: false);
        Node("AveragePool", [X(1, 4, 9, 9)], 1, kernel).AssertInt8Agrees(integers: false, steps: 1);
        Node("AveragePool", [X(1, 4, 9, 9)], 1, kernel, pads, strides).AssertInt8Agrees(integers: false, steps: 1);
        Node("GlobalAveragePool", [X(1, 4, 9, 9)]).AssertInt8Agrees();
        Node("ReduceMean", [X(1, 4, 9, 9)], 1, ("axes", new long[] { 1 }), ("keepdims", 0L)).AssertInt8Agrees();
        Node("ReduceMin", [X(1, 4, 9, 9)], 1, ("axes", new long[] { 2, 3 })).AssertInt8Agrees(integers: false);
        Node("ReduceMax", [X(1, 4, 9, 9)], 1, ("axes", new long[] { 2, 3 })).AssertInt8Agrees(integers: false);
    }

    [TestMethod]
    public void Transposed_convolutions()
    {
        (string, object) strides = ("strides", new long[] { 2, 2 }), pads = ("pads", new long[] { 1, 1, 1, 1 });
        Node("ConvTranspose", [X(1, 3, 5, 6), W(3, 4, 2, 2), W(4)], 1, strides).AssertInt8Agrees();
        Node("ConvTranspose", [X(1, 3, 5, 6), W(3, 4, 4, 4), W(4)], 1, strides, pads).AssertInt8Agrees();
        Node("ConvTranspose", [X(1, 3, 5, 6), W(3, 1, 3, 3)], 1, strides, pads, ("group", 3L), ("output_padding", new long[] { 1, 1 }))
            .AssertInt8Agrees();
        Node("ConvTranspose", [X(1, 4, 9), W(4, 3, 3), W(3)], 1, ("strides", new long[] { 2 })).AssertInt8Agrees();
    }

    [TestMethod]
    public void Resampled_images()
    {
        // Movers run in int8 beside what computes; alone they stay in float.
        Node("Resize", [X(1, 4, 5, 6), null, Tensor.Vector(1f, 1, 2, 2)]).AssertInt8Agrees(integers: false);
        Node("Resize", [X(1, 4, 5, 6), null, Tensor.Vector(1f, 1, 2, 2)], 1, ("mode", "linear"))
            .AssertInt8Agrees(integers: false, steps: 1);
        Node("DepthToSpace", [X(1, 8, 5, 6)], 1, ("blocksize", 2L)).AssertInt8Agrees(integers: false);
        Node("Tile", [X(1, 8, 3, 4), Tensor.Vector(1L, 1, 2, 3)]).AssertInt8Agrees(integers: false);
        Node("GlobalMaxPool", [X(1, 8, 3, 4)]).AssertInt8Agrees(integers: false);
        Node("SpaceToDepth", [X(1, 8, 4, 6)], 1, ("blocksize", 2L)).AssertInt8Agrees(integers: false);
    }

    [TestMethod]
    [DataRow("Relu")]
    [DataRow("LeakyRelu")]
    [DataRow("Sigmoid")]
    [DataRow("Tanh")]
    [DataRow("HardSwish")]
    [DataRow("Abs")]
    [DataRow("Elu")]
    [DataRow("Erf")]
    public void Activations(string type) => Node(type, [X(1, 4, 9, 9)]).AssertInt8Agrees();

    [TestMethod]
    [DataRow("none")]
    [DataRow("tanh")]
    public void Gelus(string approximate) =>
        Node("Gelu", [X(1, 4, 9, 9)], 1, ("approximate", approximate)).AssertInt8Agrees(opset: 20);

    [TestMethod]
    [DataRow(0f, 6f)]
    [DataRow(-1f, 1f)]
    [DataRow(0f, 1f)]
    [DataRow(-2f, 2.5f)]
    public void Clips(float low, float high) =>
        Node("Clip", [X(1, 4, 9, 9), Tensor.Scalar(low), Tensor.Scalar(high)]).AssertInt8Agrees();

    [TestMethod]
    public void Slopes_per_channel() =>
        Node("PRelu", [X(1, 4, 9, 9), W(4, 1, 1)]).AssertInt8Agrees();

    [TestMethod]
    public void Softmaxes()
    {
        Node("Softmax", [X(1, 10)]).AssertInt8Agrees();
        Node("Softmax", [X(1, 4, 5, 5)], 1, ("axis", 1L)).AssertInt8Agrees();
    }

    private Tensor X(params int[] dims) => Signed(_random, dims);

    private Tensor W(params int[] dims) => Signed(_random, dims);
}
