namespace ModelOpt.Compiler.Tests.Onnx.Rewrites.Quantized;

[TestClass]
internal sealed class QLinearPoolTests
{
    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Windows(bool channelsLast)
    {
        var model = new RewriteModel();
        string x = channelsLast ? model.Input(ElementType.UInt8, 1, 8, 6, 3) : model.Input(ElementType.UInt8, 1, 3, 8, 6);
        string y = model.Node("QLinearAveragePool", [x, model.Scale(0.02f), model.Zero(ElementType.UInt8, 30), model.Scale(0.015f),
            model.Zero(ElementType.UInt8, 3)],
            ("kernel_shape", new long[] { 3, 2 }), ("strides", new long[] { 2, 2 }), ("pads", new long[] { 1, 0, 1, 0 }),
            ("channels_last", channelsLast ? 1 : 0));
        model.Output(y, ElementType.UInt8).AssertAgrees(off: 0.06);
    }

    [TestMethod]
    public void Volumes_are_rounded_once()
    {
        var model = new RewriteModel();
        string y = model.Node("QLinearAveragePool", [model.Input(ElementType.UInt8, 1, 3, 6, 6, 6), model.Scale(0.02f),
            model.Zero(ElementType.UInt8, 100), model.Constant(Tensor.Scalar(0.005f)), model.Zero(ElementType.UInt8, 100)],
            ("kernel_shape", new long[] { 3, 2, 3 }), ("strides", new long[] { 3, 2, 3 }));
        model.Output(y, ElementType.UInt8).AssertAgrees(off: 0.06);
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void All_of_a_channel(bool channelsLast)
    {
        var model = new RewriteModel();
        string x = channelsLast ? model.Input(ElementType.Int8, 1, 8, 6, 9) : model.Input(ElementType.Int8, 1, 9, 8, 6);
        string y = model.Node("QLinearGlobalAveragePool", [x, model.Scale(0.02f), model.Zero(ElementType.Int8, 3), model.Scale(0.003f),
            model.Zero(ElementType.Int8, 3)], ("channels_last", channelsLast ? 1 : 0));
        model.Output(y, ElementType.Int8).AssertAgrees(off: 0.12);
    }
}
