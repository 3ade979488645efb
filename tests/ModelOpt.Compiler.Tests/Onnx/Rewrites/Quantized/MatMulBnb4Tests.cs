namespace ModelOpt.Compiler.Tests.Onnx.Rewrites.Quantized;

[TestClass]
internal sealed class MatMulBnb4Tests
{
    [TestMethod]
    [DataRow(0, 16, 48)]
    [DataRow(1, 32, 40)]
    [DataRow(1, 64, 64)]
    public void Computes_what_ONNX_Runtime_does(int table, int block, int k) => Model(table, block, k).AssertAgrees();

    [TestMethod]
    public void Blocks_that_do_not_fit_are_refused()
    {
        RewriteModel model = Model(1, 32, 64);
        model.Proto.Graph.Node[0].Attribute.Single(a => a.Name == "K").I = 1000;
        Assert.AreEqual("MOPT2006", Assert.ThrowsExactly<CompilationException>(() => model.Read()).Diagnostic.Descriptor.Code);
    }

    private static RewriteModel Model(int table, int block, int k)
    {
        const int N = 6;
        var model = new RewriteModel();
        string y = model.Node(
            "MatMulBnb4",
            [
                model.Input(ElementType.Float32, 3, k), model.Integers(ElementType.UInt8, N * k / 2),
                model.Floats(1, ((N * k) + block - 1) / block),
            ],
            ("K", k), ("N", N), ("block_size", block), ("quant_type", table));
        return model.Output(y);
    }
}
