namespace ModelOpt.Compiler.Tests.Onnx.Rewrites.Quantized;

[TestClass]
internal sealed class QAttentionTests
{
    [TestMethod]
    [DataRow(1)]
    [DataRow(24)]
    public void Computes_what_ONNX_Runtime_does(int scales)
    {
        const ElementType Type = ElementType.UInt8;
        var model = new RewriteModel();
        string zero = scales == 1 ? model.Zero(ElementType.Int8, 3)
            : model.Constant(Tensor.Of<sbyte>([scales], [.. Enumerable.Range(0, scales).Select(i => (sbyte)(i - 5))]));
        string y = model.Node(
            "QAttention",
            [model.Input(Type, 2, 5, 12), model.Integers(ElementType.Int8, 12, 24), model.Floats(1, 24), model.Scale(0.01f),
                model.Scale(0.01f, scales), "", model.Zero(Type, 20), zero],
            ("num_heads", 4L), ("unidirectional", 1L));
        model.Output(y).AssertAgrees(step: 1e-3f);
    }
}
