using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Operators.Resampling;

[TestClass]
internal sealed class AffineGridTests
{
    [TestMethod]
    [DataRow(0L)]
    [DataRow(1L)]
    public void Results_agree_with_peers(long aligns)
    {
        Node("AffineGrid", [Signed(new Random(1), 2, 2, 3), Tensor.Vector(2L, 3, 4, 5)], 1, ("align_corners", aligns))
            .AssertAgreesWithPeers(opset: 20);
        Node("AffineGrid", [Signed(new Random(2), 1, 3, 4), Tensor.Vector(1L, 3, 2, 4, 5)], 1, ("align_corners", aligns))
            .AssertAgreesWithPeers(opset: 20);
    }

    [TestMethod]
    public void The_identity_gives_the_centres_of_pixels() =>
        Node("AffineGrid", [Tensor.Of<float>([1, 2, 3], [1, 0, 0, 0, 1, 0]), Tensor.Vector(1L, 1, 2, 2)])
            .AssertModelGives(opset: 20, -0.5f, -0.5f, 0.5f, -0.5f, -0.5f, 0.5f, 0.5f, 0.5f);

    [TestMethod]
    public void Shapes_are_inferred()
    {
        Assert.AreEqual(new Shape(N, 4, 5, 2), Node("AffineGrid", [Floats(N, 2, 3), Tensor.Vector(1L, 3, 4, 5)]).Infer().Shape);
        Assert.AreEqual("MOPT2004", Node("AffineGrid", [Floats(N, 2, 3), Tensor.Vector(1L, 3, 2, 4, 5)]).InferError());
    }
}
