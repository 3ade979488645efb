namespace ModelOpt.Compiler.Tests.Operators.Contract;

[TestClass]
internal sealed class StoredWeightsTests
{
    [TestMethod]
    public void Int8_rounds_within_half_a_step_per_channel()
    {
        Node layer = Layer(TestGraph.RandomTensor(1, 4, 3, 3, 3));
        float[] exact = layer.Input(1).Constant!.Span<float>().ToArray();
        Assert.IsNull(StoredWeights.AsInt8(layer));
        ReadOnlySpan<float> rounded = layer.Input(1).Constant!.Span<float>();
        for (int i = 0; i < exact.Length; i++)
            Assert.AreEqual(exact[i], rounded[i], 0.5001f * layer.Input(1).Quantization!.Scales[i / 27]);
        CollectionAssert.AreNotEqual(exact, rounded.ToArray());
    }

    [TestMethod]
    public void Float16_rounds_as_Half_does()
    {
        Node layer = Layer(Tensor.Of<float>([4, 1, 1, 1], [0.1f, 65_504f, -1e-7f, 1f / 3]));
        Assert.IsNull(StoredWeights.AsFloat16(layer));
        CollectionAssert.AreEqual(
            new[] { (float)(Half)0.1f, 65_504f, (float)(Half)(-1e-7f), (float)(Half)(1f / 3) },
            layer.Input(1).Constant!.Span<float>().ToArray());
    }

    [TestMethod]
    [DataRow(65_520f)]
    [DataRow(-1e30f)]
    public void What_float16_cannot_hold_stays(float large)
    {
        Node layer = Layer(Tensor.Of<float>([4, 1, 1, 1], [1, 2, 3, large]));
        Assert.AreEqual("a weight is too large for float16", StoredWeights.AsFloat16(layer));
        Assert.IsNull(layer.Input(1).Quantization);
        Assert.AreEqual(large, layer.Input(1).Constant!.Span<float>()[3]);
    }

    [TestMethod]
    public void A_weight_is_stored_in_one_way()
    {
        Node layer = Layer(TestGraph.RandomTensor(1, 4, 3, 3, 3));
        Assert.IsNull(StoredWeights.AsInt8(layer));
        Assert.IsNull(StoredWeights.AsInt8(layer));
        Assert.AreEqual("its weight is stored otherwise already", StoredWeights.AsFloat16(layer));
        Assert.AreEqual(ElementType.Int8, layer.Input(1).Quantization!.Type);
    }

    [TestMethod]
    public void What_is_computed_is_no_weight()
    {
        var g = new TestGraph();
        Value x = g.Input("x", 4, 4);
        Node product = g.Node("MatMul", [x, x], 1);
        g.Output(product.Output);
        g.Build();
        Assert.AreEqual("it has no constant weight", StoredWeights.AsInt8(product));
        Assert.AreEqual("it has no constant weight", StoredWeights.AsFloat16(product));
    }

    private static Node Layer(Tensor weight)
    {
        var g = new TestGraph();
        Node layer = g.Node("Conv", [g.Input("x", -1, weight.Dims[1], 5, 5), g.Constant(weight)], 1);
        g.Output(layer.Output);
        g.Build();
        return layer;
    }
}
