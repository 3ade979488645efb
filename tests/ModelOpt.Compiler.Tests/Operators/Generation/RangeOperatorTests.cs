namespace ModelOpt.Compiler.Tests.Operators.Generation;

[TestClass]
internal sealed class RangeOperatorTests
{
    [TestMethod]
    public void Known_values()
    {
        Node("Range", [Tensor.Scalar(10L), Tensor.Scalar(3L), Tensor.Scalar(-3L)]).AssertGives(10L, 7, 4);
        Node("Range", [Tensor.Scalar(0f), Tensor.Scalar(1f), Tensor.Scalar(0.25f)]).AssertGives(0, 0.25f, 0.5f, 0.75f);
        Node("Range", [Tensor.Scalar(5), Tensor.Scalar(3), Tensor.Scalar(1)]).AssertGives<int>();
    }

    [TestMethod]
    public void Results_agree_with_ONNX_Runtime()
    {
        Node("Range", [Tensor.Scalar(-2L), Tensor.Scalar(9L), Tensor.Scalar(4L)]).AssertAgrees();
        Node("Range", [Tensor.Scalar(3f), Tensor.Scalar(-1f), Tensor.Scalar(-0.75f)]).AssertAgrees();
    }

    [TestMethod]
    public void An_open_limit_is_an_open_size()
    {
        var limit = new Value("limit", ElementType.Int64, new Shape(Array.Empty<Dim>())) { ShapeContent = [N] };
        Assert.AreEqual("[N]", Node("Range", [Tensor.Scalar(0L), limit, Tensor.Scalar(1L)]).Infer().Shape!.ToString());
    }

    // So do detectors that are exported with open sizes make their anchors.
    [TestMethod]
    [DataRow(0f, 1f, "[N]")]
    [DataRow(0f, 2f, "[floor((N + 1)/2)]")]
    [DataRow(0f, 0.5f, null)]
    [DataRow(0.25f, 1f, null)]
    public void A_size_that_was_cast_to_float_is_an_open_limit(float start, float step, string? expected)
    {
        var size = new Value("size", ElementType.Int64, new Shape(Array.Empty<Dim>())) { ShapeContent = [N] };
        Node cast = Node("Cast", [size], 1, ("to", 1L));
        cast.Infer();
        Value result = Node("Range", [Tensor.Scalar(start), cast.Output, Tensor.Scalar(step)]).Infer();
        if (expected is null) Assert.IsTrue(result.Shape![0].IsComputed || result.Shape[0] == Dim.Unknown);
        else Assert.AreEqual(expected, result.Shape!.ToString());
    }

    [TestMethod]
    public void A_step_of_0_and_mixed_types_are_refused()
    {
        Assert.AreEqual("MOPT2004", Node("Range", [Tensor.Scalar(0L), Tensor.Scalar(1L), Tensor.Scalar(0L)]).InferError());
        Assert.AreEqual("MOPT2005", Node("Range", [Tensor.Scalar(0L), Tensor.Scalar(1), Tensor.Scalar(1L)]).InferError());
    }
}
