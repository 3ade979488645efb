namespace ModelOpt.Compiler.Tests.Operators.Movement;

[TestClass]
internal sealed class DropoutTests
{
    [TestMethod]
    public void Nothing_is_dropped_in_either_form_as_in_ONNX_Runtime()
    {
        Tensor x = Random(new Random(1), ElementType.Float32, 2, 3);
        Node("Dropout", [x], 2).AssertAgrees();
        Node("Dropout", [x, Tensor.Scalar(0.5f), new Tensor(ElementType.Bool, [], new byte[1])], 2).AssertAgrees(opset: 13);
        Node("Dropout", [x], 1, ("ratio", 0.3f)).AssertAgrees(opset: 10);
    }

    [TestMethod]
    public void Training_is_refused()
    {
        var always = new Tensor(ElementType.Bool, [], new byte[] { 1 });
        var mode = new Value("training", ElementType.Bool, new Shape());
        foreach (object training in (object[])[always, mode])
        {
            CompilationException e = Assert.ThrowsExactly<CompilationException>(
                () => Node("Dropout", [Floats(2), Tensor.Scalar(0.5f), training]).Normalized(13));
            Assert.AreEqual("MOPT2006", e.Diagnostic.Descriptor.Code);
        }
    }

    [TestMethod]
    public void The_mask_before_opset_12_is_refused() => Assert.AreEqual("MOPT2006", Assert.ThrowsExactly<CompilationException>(
        () => Node("Dropout", [Tensor.Vector(1f, 2)], 2).Normalized(11)).Diagnostic.Descriptor.Code);
}
