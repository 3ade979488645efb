namespace ModelOpt.Compiler.Tests.Operators.Generation;

[TestClass]
internal sealed class HannWindowTests
{
    [TestMethod]
    public void A_period_of_four_has_its_known_values()
    {
        float[] window = Node("HannWindow", [Tensor.Scalar(4L)]).Run()[0].Span<float>().ToArray();
        float[] known = [0, 0.5f, 1, 0.5f];
        foreach ((float expected, float actual) in known.Zip(window)) Assert.AreEqual(expected, actual, 1e-6f);
    }

    [TestMethod]
    public void It_agrees_with_ONNX_Runtime()
    {
        foreach (long periodic in (long[])[0, 1])
        {
            Node("HannWindow", [Tensor.Scalar(16L)], 1, ("periodic", periodic)).AssertAgreesWithPeers(fed: 0);
            Node("HannWindow", [Tensor.Scalar(25)], 1, ("periodic", periodic), ("output_datatype", 1L)).AssertAgreesWithPeers(fed: 0);
        }
    }
}
