namespace ModelOpt.Compiler.Tests.Onnx.Rewrites.Quantized;

/// <summary>The results are int32, and the same as ONNX Runtime's to the last bit.</summary>
[TestClass]
internal sealed class IntegerProductTests
{
    [TestMethod]
    [DataRow(ElementType.UInt8, ElementType.Int8, 20)]
    [DataRow(ElementType.Int8, ElementType.Int8, 600)]
    [DataRow(ElementType.UInt8, ElementType.UInt8, 5000)]
    public void MatMulInteger(ElementType data, ElementType weight, int terms)
    {
        var model = new RewriteModel();
        string y = model.Node("MatMulInteger",
            [model.Input(data, 3, terms), model.Integers(weight, terms, 7), model.Zero(data, 5), model.Integers(weight, 7)]);
        model.Output(y, ElementType.Int32).AssertAgrees(step: 0);
    }

    [TestMethod]
    [DataRow(ElementType.UInt8, 1, 4)]
    [DataRow(ElementType.UInt8, 1, 60)]
    [DataRow(ElementType.UInt8, 4, 8)]
    public void ConvInteger(ElementType weight, int group, int channels)
    {
        var model = new RewriteModel();
        string y = model.Node("ConvInteger",
            [model.Input(ElementType.UInt8, 1, channels, 7, 7), model.Integers(weight, 8, channels / group, 3, 3),
                model.Zero(ElementType.UInt8, 100), model.Zero(weight, 117)],
            ("pads", new long[] { 1, 1, 1, 1 }), ("group", group));
        model.Output(y, ElementType.Int32).AssertAgrees(step: 0);
    }

    [TestMethod]
    public void Both_factors_may_be_computed_where_sums_are_exact()
    {
        var model = new RewriteModel();
        string y = model.Node("MatMulInteger",
            [model.Input(ElementType.UInt8, 2, 3, 258), model.Input(ElementType.Int8, 258, 5), model.Zero(ElementType.UInt8, 0),
                model.Integers(ElementType.Int8, 5)]);
        model.Output(y, ElementType.Int32).AssertAgrees(step: 0);

        model = new RewriteModel();
        y = model.Node("MatMulInteger", [model.Input(ElementType.UInt8, 3, 259), model.Input(ElementType.UInt8, 259, 5)]);
        model.Output(y, ElementType.Int32);
        Assert.AreEqual("MOPT2006", Assert.ThrowsExactly<CompilationException>(() => model.Read()).Diagnostic.Descriptor.Code);
    }

    [TestMethod]
    [DataRow("MatMulInteger")]
    [DataRow("ConvInteger")]
    public void A_weight_that_is_a_single_number_is_refused(string type)
    {
        var model = new RewriteModel();
        string y = model.Node(type, [model.Input(ElementType.UInt8, 1, 1, 4), model.Integers(ElementType.UInt8)]);
        model.Output(y, ElementType.Int32);
        Assert.AreEqual("MOPT2006", Assert.ThrowsExactly<CompilationException>(() => model.Read()).Diagnostic.Descriptor.Code);
    }

    [TestMethod]
    public void Sums_that_no_digits_hold_are_refused()
    {
        var model = new RewriteModel();
        string y = model.Node("MatMulInteger", [model.Input(ElementType.UInt8, 1, 70000), model.Integers(ElementType.UInt8, 70000, 1)]);
        model.Output(y, ElementType.Int32);
        Assert.AreEqual("MOPT2006", Assert.ThrowsExactly<CompilationException>(() => model.Read()).Diagnostic.Descriptor.Code);
    }
}
