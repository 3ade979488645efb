namespace ModelOpt.Compiler.Tests.Operators.Movement;

[TestClass]
internal sealed class FlattenTests
{
    [TestMethod]
    public void Every_axis_agrees_with_ONNX_Runtime()
    {
        Tensor x = Random(new Random(1), ElementType.Float32, 2, 3, 4);
        for (long axis = -3; axis <= 3; axis++) Node("Flatten", [x], 1, ("axis", axis)).AssertAgrees();
        Node("Flatten", [x]).AssertAgrees();
    }

    [TestMethod]
    public void Open_sizes_are_followed()
    {
        Assert.AreEqual(new Shape(N, 60), Node("Flatten", [Floats(N, 3, 4, 5)]).Infer().Shape);
        Assert.AreEqual(new Shape(new Dim(-1, "3*N"), 20), Node("Flatten", [Floats(N, 3, 4, 5)], 1, ("axis", 2L)).Infer().Shape);
    }

    [TestMethod]
    public void An_axis_beyond_the_rank_is_diagnosed() =>
        Assert.AreEqual("MOPT2002", Node("Flatten", [Floats(2, 3)], 1, ("axis", 3L)).InferError());
}
