namespace ModelOpt.Compiler.Tests.Operators.Movement;

[TestClass]
internal sealed class IdentityTests
{
    [TestMethod]
    public void Everything_passes_as_in_ONNX_Runtime()
    {
        Node("Identity", [Tensor.Vector(1.5f, -2f)]).AssertAgrees();
        Node("Identity", [Tensor.Scalar(7L)]).AssertAgrees();
        Assert.AreEqual(new Shape(N, 3), Node("Identity", [Floats(N, 3)]).Infer().Shape);
        Assert.AreEqual(N, Node("Identity", [Sizes(N)]).Infer().ShapeContent!.Single());
    }
}
