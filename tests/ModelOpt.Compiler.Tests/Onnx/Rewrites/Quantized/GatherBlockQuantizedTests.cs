namespace ModelOpt.Compiler.Tests.Onnx.Rewrites.Quantized;

[TestClass]
internal sealed class GatherBlockQuantizedTests
{
    [TestMethod]
    [DataRow(4, false)]
    [DataRow(4, true)]
    [DataRow(8, false)]
    [DataRow(8, true)]
    public void Computes_what_ONNX_Runtime_does(int bits, bool hasZeros)
    {
        // Three blocks of a row: one byte of the zero points is half full.
        RewriteModel model = Model(bits, hasZeros, 48);
        model.AssertAgrees();
    }

    [TestMethod]
    public void Scales_that_do_not_fit_are_refused() => Assert.AreEqual(
        "MOPT2006", Assert.ThrowsExactly<CompilationException>(() => Model(8, false, 80).Read()).Diagnostic.Descriptor.Code);

    private static RewriteModel Model(int bits, bool hasZeros, int width)
    {
        const int Rows = 5, Blocks = 3;
        var model = new RewriteModel();
        string data = model.Integers(ElementType.UInt8, Rows, width * bits / 8);
        List<string> inputs = [data, model.Constant(Tensor.Of<long>([2, 2], [4, 0, 3, 4])), model.Floats(1, Rows, Blocks)];
        if (hasZeros) inputs.Add(model.Integers(ElementType.UInt8, Rows, bits == 4 ? (Blocks + 1) / 2 : Blocks));
        string picked = model.Node(
            "GatherBlockQuantized", [.. inputs], ("bits", bits), ("block_size", 16), ("gather_axis", 0), ("quantize_axis", 1));
        return model.Output(model.Node("Add", [picked, model.Input(ElementType.Float32, width)]));
    }
}
