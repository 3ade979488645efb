namespace ModelOpt.Compiler.Tests.Operators.Selection;

[TestClass]
internal sealed class CompressTests
{
    [TestMethod]
    public void Slices_agree_with_ONNX_Runtime()
    {
        Tensor x = Random(new Random(1), ElementType.Float32, 3, 4, 2);
        foreach (long axis in (long[])[0, 1, 2, -2])
            Node("Compress", [x, Tensor.Vector(false, true)], 1, ("axis", axis)).AssertAgreesWithPeers(fed: 2, liteRt: false);
        Node("Compress", [x, Tensor.Vector(true, false, false, true, true)]).AssertAgreesWithPeers(fed: 2, liteRt: false);
        Node("Compress", [x, Tensor.Vector(false, false, true)], 1, ("axis", 0L)).AssertAgreesWithPeers(fed: 1, liteRt: false);
    }

    [TestMethod]
    public void Only_the_cut_axis_is_open()
    {
        var condition = new Value("c", ElementType.Bool, new Shape(3));
        Assert.AreEqual(new Shape(2, Dim.Unknown, 4), Node("Compress", [Floats(2, 3, 4), condition], 1, ("axis", 1L)).Infer().Shape);
        Assert.AreEqual("MOPT2005", Node("Compress", [Floats(2, 3), Floats(3)]).InferError());
    }
}
