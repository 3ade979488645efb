namespace ModelOpt.Compiler.Tests.Onnx.Rewrites.Quantized;

[TestClass]
internal sealed class QEmbedLayerNormalizationTests
{
    [TestMethod]
    public void Computes_what_ONNX_Runtime_does()
    {
        const ElementType Type = ElementType.UInt8;
        var model = new RewriteModel();
        string words = model.Input(ElementType.Float32, 2, 3), ids = model.Node("Cast", [words], ("to", (long)ElementType.Int32));
        string segments = model.Constant(Tensor.Of<int>([2, 3], [0, 1, 1, 0, 0, 1]));
        string[] tables = [.. ((int[][])[[1, 8], [4, 8], [2, 8], [8], [8]]).Select(dims => model.Integers(Type, dims))];
        string[] scales = [.. tables.Select(_ => model.Scale(0.01f))], zeros = [.. tables.Select((_, i) => model.Zero(Type, 100 + i))];
        string mask = model.Constant(Tensor.Of<int>([2, 3], [1, 1, 1, 1, 1, 0]));
        string[] y = model.Nodes("QEmbedLayerNormalization", [ids, segments, .. tables, mask, .. scales, .. zeros], 2);
        model.Output(y[0]).AssertAgrees();
    }
}
