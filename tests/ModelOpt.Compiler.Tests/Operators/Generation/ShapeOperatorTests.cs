namespace ModelOpt.Compiler.Tests.Operators.Generation;

[TestClass]
internal sealed class ShapeOperatorTests
{
    [TestMethod]
    public void Start_and_end_agree_with_ONNX_Runtime()
    {
        Tensor x = Random(new Random(1), ElementType.Float32, 2, 3, 4);
        Node("Shape", [x]).AssertAgrees();
        foreach (long start in (long[])[-9, -2, 0, 1, 9])
        {
            foreach (long end in (long[])[-9, -1, 0, 2, 9])
                Node("Shape", [x], 1, ("start", start), ("end", end)).AssertAgrees();
        }
    }

    [TestMethod]
    public void Open_sizes_are_carried()
    {
        Value y = Node("Shape", [Floats(N, 3)]).Infer();
        Assert.AreEqual(new Shape(2), y.Shape);
        CollectionAssert.AreEqual(new[] { N, 3 }, y.ShapeContent!.ToArray());
    }
}
