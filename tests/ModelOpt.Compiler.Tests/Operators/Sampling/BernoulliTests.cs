namespace ModelOpt.Compiler.Tests.Operators.Sampling;

[TestClass]
internal sealed class BernoulliTests
{
    // ONNX Runtime runs the body that ONNX gives the function, which compares the other way round than ONNX describes it.
    [TestMethod]
    public void Ones_are_as_frequent_as_the_input_says()
    {
        foreach (float share in (float[])[0, 0.2f, 0.5f, 0.9f, 1])
        {
            Tensor shares = Tensor.Zeros(ElementType.Float32, [20, 500]);
            shares.Span<float>().Fill(share);
            double deviation = Math.Sqrt(share * (1 - share));
            Node("Bernoulli", [shares]).AssertDistributed(share, deviation, opset: 15, peer: 1 - share);
            Node("Bernoulli", [shares], 1, ("seed", 2f), ("dtype", 7L)).AssertDistributed(share, deviation, opset: 15, peer: 1 - share);
            Node("Bernoulli", [shares], 1, ("seed", 2f), ("dtype", 9L)).AssertDistributed(share, deviation, opset: 15, peer: 1 - share);
        }
    }

    [TestMethod]
    public void A_type_that_does_not_exist_is_refused() =>
        Assert.AreEqual("MOPT2002", Node("Bernoulli", [Tensor.Vector(0.5f)], 1, ("dtype", 99L)).InferError());
}
