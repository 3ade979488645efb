using ModelOpt.Compiler.Tests.Operators;
using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Onnx.Rewrites;

[TestClass]
internal sealed class CropTests
{
    [TestMethod]
    public void Results_agree_with_peers()
    {
        Node("Crop", [Signed(new Random(1), 2, 3, 7, 6)], 1, ("border", new[] { 1L, 2, 0, 1 })).AssertAgreesWithPeers(opset: 8);
        Node("Crop", [Signed(new Random(1), 2, 3, 7, 6)], 1, ("border", new[] { 1L, 2, 0, 0 }), ("scale", new[] { 3L, 4 }))
            .AssertAgreesWithPeers(opset: 8);
    }

    [TestMethod]
    public void Borders_go_from_the_left_top_right_and_bottom() => Node(
        "Crop", [Tensor.Of<float>([1, 1, 3, 4], [.. Enumerable.Range(0, 12).Select(i => (float)i)])], 1, ("border", new[] { 1L, 0, 2, 1 }))
            .AssertModelGives(opset: 8, 1, 5);

    [TestMethod]
    public void Borders_that_leave_nothing_are_refused()
    {
        byte[] model = Node("Crop", [Signed(new Random(1), 1, 1, 3, 3)], 1, ("border", new[] { 2L, 0, 1, 0 })).Model(8);
        Assert.AreEqual("MOPT2002", Assert.ThrowsExactly<CompilationException>(
            () => Compiler.Onnx.OnnxReader.Read(model)).Diagnostic.Descriptor.Code);
    }
}
