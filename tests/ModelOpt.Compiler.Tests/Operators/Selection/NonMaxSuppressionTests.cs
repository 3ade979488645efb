namespace ModelOpt.Compiler.Tests.Operators.Selection;

[TestClass]
internal sealed class NonMaxSuppressionTests
{
    [TestMethod]
    public void Boxes_that_are_taken_agree_with_ONNX_Runtime()
    {
        var random = new Random(5);
        for (int i = 0; i < 16; i++)
        {
            int samples = random.Next(1, 3), classes = random.Next(1, 4), count = random.Next(1, 14);
            Tensor boxes = Tensor.Zeros(ElementType.Float32, [samples, count, 4]);
            Tensor scores = Tensor.Zeros(ElementType.Float32, [samples, classes, count]);
            foreach (ref float x in boxes.Span<float>()) x = random.Next(-8, 9) / 4f;
            // Equal scores are frequent.
            foreach (ref float x in scores.Span<float>()) x = random.Next(9) / 8f;
            Tensor most = Tensor.Scalar((long)random.Next(6)), overlap = Tensor.Scalar(random.Next(5) / 4f);
            object?[] bounds = [most, overlap, Tensor.Scalar(random.Next(4) / 4f)];
            Node("NonMaxSuppression", [boxes, scores, .. bounds.Take(random.Next(1, 4))], 1, ("center_point_box", (long)(i % 2)))
                .AssertAgreesWithPeers(fed: 2, liteRt: false);
        }
    }

    [TestMethod]
    public void Bounds_may_be_computed()
    {
        Tensor boxes = Tensor.Of<float>([1, 3, 4], [0, 0, 1, 1, 0, 0.1f, 1, 1.1f, 0, 2, 1, 3]);
        Tensor scores = Tensor.Of<float>([1, 1, 3], [0.5f, 0.9f, 0.7f]);
        Node("NonMaxSuppression", [boxes, scores, Tensor.Vector(5L), Tensor.Vector(0.5f), Tensor.Vector(0.6f)])
            .AssertAgreesWithPeers(fed: 5, liteRt: false);
    }

    [TestMethod]
    public void Shapes_that_do_not_fit_are_refused()
    {
        Assert.AreEqual("MOPT2004", Node("NonMaxSuppression", [Floats(1, 5, 4), Floats(1, 2, 6)]).InferError());
        Assert.AreEqual("MOPT2004", Node("NonMaxSuppression", [Floats(1, 5, 3), Floats(1, 2, 5)]).InferError());
        Assert.AreEqual("MOPT2004", Node("NonMaxSuppression", [Floats(1, 5, 4), Floats(1, 2, 5), Tensor.Vector(1L, 2)]).InferError());
        Assert.AreEqual(new Shape(Dim.Unknown, 3), Node("NonMaxSuppression", [Floats(1, 5, 4), Floats(1, 2, 5)]).Infer().Shape);
    }
}
