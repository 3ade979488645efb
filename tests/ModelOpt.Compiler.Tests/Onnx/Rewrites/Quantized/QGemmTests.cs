namespace ModelOpt.Compiler.Tests.Onnx.Rewrites.Quantized;

[TestClass]
internal sealed class QGemmTests
{
    [TestMethod]
    [DataRow(true, true, false)]
    [DataRow(true, false, true)]
    [DataRow(false, true, true)]
    public void Computes_what_ONNX_Runtime_does(bool rounds, bool transposes, bool perColumn)
    {
        var model = new RewriteModel();
        List<string> inputs =
        [
            model.Input(ElementType.UInt8, 3, 20), model.Scale(0.02f), model.Zero(ElementType.UInt8, 100),
            model.Integers(ElementType.Int8, transposes ? [7, 20] : [20, 7]), model.Scale(0.01f, perColumn ? 7 : 1),
            perColumn ? model.Constant(Tensor.Zeros(ElementType.Int8, [7])) : model.Zero(ElementType.Int8, 0),
            model.Integers(ElementType.Int32, 7),
        ];
        if (rounds) inputs.AddRange([model.Scale(0.4f), model.Zero(ElementType.UInt8, 120)]);
        string y = model.Node("QGemm", [.. inputs], ("transB", transposes ? 1 : 0), ("alpha", 1f));
        model.Output(y, rounds ? ElementType.UInt8 : ElementType.Float32).AssertAgrees(off: 0.05);
    }

    [TestMethod]
    public void The_bias_may_be_a_copy_of_many_rows()
    {
        var model = new RewriteModel();
        string bias = model.Node("Identity", [model.Integers(ElementType.Int32, 3, 4)]);
        string y = model.Node("QGemm",
            [model.Input(ElementType.UInt8, 3, 20), model.Scale(0.02f), model.Zero(ElementType.UInt8, 100),
                model.Integers(ElementType.Int8, 20, 4), model.Scale(0.01f, 4), model.Constant(Tensor.Zeros(ElementType.Int8, [4])), bias,
                model.Scale(0.4f), model.Zero(ElementType.UInt8, 120)]);
        model.Output(y, ElementType.UInt8).AssertAgrees(off: 0.1);
    }

    [TestMethod]
    public void A_scale_without_a_zero_point_divides_floats()
    {
        var model = new RewriteModel();
        string y = model.Node("QGemm",
            [model.Input(ElementType.UInt8, 3, 20), model.Scale(0.02f), model.Zero(ElementType.UInt8, 100),
                model.Integers(ElementType.Int8, 20, 4), model.Scale(0.01f), model.Zero(ElementType.Int8, 0), "_", model.Scale(0.4f)]);
        model.Output(y).AssertAgrees();
    }
}
