using ModelOpt.Compiler.Onnx;
using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Operators.MatrixProducts;

[TestClass]
internal sealed class MatMulTests
{
    [TestMethod]
    public void Rows_that_are_not_a_sample_each_are_reshaped()
    {
        var g = new TestGraph();
        Value x = g.Input("x", -1, 2, 16), rows = g.Add("Reshape", g.Add("Relu", x), g.Longs(-1, 48));
        g.Output(g.Add("MatMul", rows, g.Random(1, 48, 4)));
        Graph graph = g.Build();
        // As a file may state it, although 48 does not divide a sample.
        (rows.Shape, graph.Outputs[0].Shape) = (new Shape(x.Shape![0], 48), new Shape(x.Shape[0], 4));
        CollectionAssert.Contains(LoweringTesting.Operators(Lowering.Write(graph)).ToArray(), "FULLY_CONNECTED");
    }

    [TestMethod]
    public void Products_agree_with_peers()
    {
        var random = new Random(7);
        (int[] A, int[] B)[] cases =
        [
            ([3, 4], [4, 5]), ([1, 7], [7, 1]), ([4], [4]), ([4], [4, 5]), ([3, 4], [4]),
            ([2, 3, 4], [4, 5]), ([2, 3, 4], [2, 4, 5]), ([2, 3, 4], [1, 4, 5]), ([1, 3, 4], [2, 4, 5]),
            ([2, 1, 3, 4], [5, 4, 2]), ([2, 3, 4, 5], [2, 3, 5, 2]), ([3, 4], [2, 4, 5]), ([4], [2, 4, 5]), ([2, 3, 4], [4]),
            ([3, 2, 4, 1], [1, 6]),
        ];
        foreach ((int[] a, int[] b) in cases)
        {
            for (int fed = 1; fed <= 2; fed++)
                Node("MatMul", [Signed(random, a), Signed(random, b)]).AssertAgreesWithPeers(fed);
        }
    }

    [TestMethod]
    [DataRow(ElementType.Int32)]
    [DataRow(ElementType.Int64)]
    [DataRow(ElementType.UInt32)]
    [DataRow(ElementType.UInt64)]
    public void Integers_are_multiplied(ElementType type)
    {
        var random = new Random(2);
        Node("MatMul", [Random(random, type, 2, 3, 4), Random(random, type, 4, 5)]).AssertAgrees();
    }

    [TestMethod]
    public void Misfits_are_diagnosed()
    {
        Tensor w = Signed(new Random(1), 4, 5);
        Assert.AreEqual(new Shape(N, 7, 5), Node("MatMul", [Floats(N, 7, 4), w]).Infer().Shape);
        Assert.AreEqual("MOPT2004", Node("MatMul", [Floats(N, 5), w]).InferError());
        Assert.AreEqual("MOPT2004", Node("MatMul", [Floats(), w]).InferError());
        Assert.AreEqual("MOPT2004", Node("MatMul", [Floats(2, 3, 4), Signed(new Random(1), 3, 4, 5)]).InferError());
    }

    [TestMethod]
    public void A_sum_over_nothing_is_zero()
    {
        Graph graph = OnnxReader.Read(
            Node("MatMul", [Tensor.Zeros(ElementType.Float32, [2, 0]), Tensor.Zeros(ElementType.Float32, [0, 3])]).Model(fed: 0));
        ShapeInference.Run(graph);
        Tensor y = TfliteRunner.Run(Lowering.Write(graph))[0];
        Assert.AreEqual(new Shape(2, 3), y.Shape);
        CollectionAssert.AreEqual(new float[6], y.Span<float>().ToArray());
    }
}
