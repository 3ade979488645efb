namespace ModelOpt.Compiler.Tests.Onnx.Rewrites.Quantized;

[TestClass]
internal sealed class MatMulNBitsTests
{
    [TestMethod]
    [DataRow(4, 32, 48, false, false)]
    [DataRow(4, 32, 96, true, false)]
    [DataRow(4, 16, 80, true, true)]
    [DataRow(8, 32, 64, false, false)]
    public void Computes_what_ONNX_Runtime_does(int bits, int block, int k, bool hasZeros, bool hasBias) =>
        Model(bits, block, k, hasZeros, hasBias).AssertAgrees();

    [TestMethod]
    public void Blocks_that_do_not_fit_are_refused()
    {
        RewriteModel model = Model(4, 32, 64, false, false);
        model.Proto.Graph.Node[0].Attribute.Single(a => a.Name == "K").I = 1000;
        Assert.AreEqual("MOPT2006", Assert.ThrowsExactly<CompilationException>(() => model.Read()).Diagnostic.Descriptor.Code);
    }

    private static RewriteModel Model(int bits, int block, int k, bool hasZeros, bool hasBias)
    {
        const int N = 6;
        var model = new RewriteModel();
        int blocks = (k + block - 1) / block;
        List<string> inputs = [model.Input(ElementType.Float32, 3, k),
            model.Integers(ElementType.UInt8, N, blocks, block * bits / 8), model.Floats(0.05f, N * blocks)];
        if (hasZeros) inputs.Add(model.Integers(ElementType.UInt8, N * (((blocks * bits) + 7) / 8)));
        if (hasBias) inputs.AddRange(["_", model.Floats(1, N)]);
        string y = model.Node("MatMulNBits", [.. inputs], ("K", k), ("N", N), ("bits", bits), ("block_size", block));
        return model.Output(y);
    }
}
