namespace ModelOpt.Compiler.Tests.Operators.Movement;

[TestClass]
internal sealed class ReshapeTests
{
    [TestMethod]
    public void Zero_keeps_a_size_and_minus_one_takes_what_is_left()
    {
        Tensor x = Random(new Random(1), ElementType.Float32, 2, 3, 4);
        foreach (long[] target in (long[][])[[0, -1], [-1], [4, 6], [0, 0, 2, -1], [1, -1, 3]])
            Node("Reshape", [x, Tensor.Vector(target)]).AssertAgrees();
        Tensor none = Tensor.Zeros(ElementType.Float32, [0, 3]);
        Node("Reshape", [none, Tensor.Vector(3L, 0L)], 1, ("allowzero", 1L)).AssertAgrees();
    }

    [TestMethod]
    public void Open_sizes_are_followed()
    {
        Assert.AreEqual(new Shape(N, 48), Of(Floats(N, 3, 16), [0, -1]));
        Assert.AreEqual(new Shape(N, 48), Of(Floats(N, 3, 16), [-1, 48]));
        Assert.AreEqual(new Shape(Dim.Unknown, 48), Of(Floats(Dim.Unknown, 3, 16), [0, -1]));
        Assert.AreEqual(new Shape(new Dim(-1, "3*N"), 16), Of(Floats(N, 3, 16), [-1, 16]));
        Assert.AreEqual(new Shape(1, 48), Of(Floats(N, 3, 16), [1, 48]));
        Assert.AreEqual(new Shape(new Dim(-1, "floor(3*N/2)"), 32), Of(Floats(N, 3, 16), [-1, 32]));
    }

    [TestMethod]
    public void A_target_computed_from_a_shape_is_understood()
    {
        Value[] steps =
        [
            Node("Shape", [Floats(N, 3, 4, 4)]).Infer(),
            new("batch"), new("vector"), new("target"), new("y"),
        ];
        new Node("Gather", "", [steps[0], new Value("i", Tensor.Scalar(0L))], [steps[1]]).Infer();
        new Node("Unsqueeze", "", [steps[1], new Value("a", Tensor.Vector(0L))], [steps[2]]).Infer();
        var concat = new Node("Concat", "", [steps[2], new Value("rest", Tensor.Vector(-1L))], [steps[3]]);
        concat.Attributes["axis"] = 0L;
        concat.Infer();
        new Node("Reshape", "", [Floats(N, 3, 4, 4), steps[3]], [steps[4]]).Infer();
        Assert.AreEqual(new Shape(N, 48), steps[4].Shape);
    }

    [TestMethod]
    public void A_target_of_which_only_the_length_is_known_gives_the_rank()
    {
        var target = new Value("t", ElementType.Int64, new Shape([2]));
        Assert.AreEqual(new Shape(Dim.Unknown, Dim.Unknown), Node("Reshape", [Floats(2, 3), target]).Infer().Shape);
    }

    [TestMethod]
    public void Misfits_are_diagnosed()
    {
        foreach (long[] target in (long[][])[[5], [-1, -1], [-1, 4], [-2, 3], [2, 3, 0]])
            Assert.AreEqual("MOPT2004", Node("Reshape", [Floats(2, 3), Tensor.Vector(target)]).InferError());
        Assert.AreEqual("MOPT2005", Node("Reshape", [Floats(2), Tensor.Vector(2f)]).InferError());
        Assert.AreEqual("MOPT2003", Node("Reshape", [Floats(2)]).InferError());
    }

    private static Shape? Of(Value x, long[] target) => Node("Reshape", [x, Tensor.Vector(target)]).Infer().Shape;

    [TestMethod]
    public void A_computed_shape_agrees_with_ONNX_Runtime()
    {
        Tensor x = Random(new Random(8), ElementType.Float32, 2, 3, 4);
        foreach (long[] shape in (long[][])[[4, 6], [-1, 8], [0, 12], [0, -1], [24], [2, 0, 2, 2], [1, 2, 3, 4]])
            Node("Reshape", [x, Tensor.Vector(shape)]).AssertAgreesWithPeers(fed: 2, liteRt: false);
    }
}
