namespace ModelOpt.Compiler.Tests.Onnx.Rewrites.Fused;

[TestClass]
internal sealed class InverseTests
{
    [TestMethod]
    [DataRow(1)]
    [DataRow(2)]
    [DataRow(3)]
    [DataRow(4)]
    public void Computes_what_ONNX_Runtime_does(int size)
    {
        var model = new RewriteModel();
        float[] diagonal = [.. Enumerable.Range(0, size * size).Select(i => i % (size + 1) == 0 ? 3f : 0)];
        // Far from matrices that have no inverse.
        string x = model.Node(
            "Add", [model.Input(ElementType.Float32, 2, size, size), model.Constant(Tensor.Of<float>([size, size], diagonal))]);
        model.Output(model.Node("Inverse", [x])).AssertAgrees();
    }

    [TestMethod]
    public void Of_larger_ones_it_is_refused()
    {
        var model = new RewriteModel();
        model.Output(model.Node("Inverse", [model.Input(ElementType.Float32, 5, 5)]));
        Assert.AreEqual("MOPT2006", Assert.ThrowsExactly<CompilationException>(() => model.Read()).Diagnostic.Descriptor.Code);
    }
}
