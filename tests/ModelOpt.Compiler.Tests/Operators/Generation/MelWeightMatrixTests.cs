namespace ModelOpt.Compiler.Tests.Operators.Generation;

[TestClass]
internal sealed class MelWeightMatrixTests
{
    [TestMethod]
    public void Bands_agree_with_ONNX_Runtime()
    {
        Matrix(8, 16, 8192, 0, 4096).AssertAgreesWithPeers(fed: 0);
        Matrix(20, 400, 16000, 80, 7600).AssertAgreesWithPeers(fed: 0);
        Matrix(40, 64, 16000, 20, 7000).AssertAgreesWithPeers(fed: 0);
    }

    [TestMethod]
    public void Frequencies_outside_of_the_spectrum_are_refused()
    {
        Assert.AreEqual(
            "MOPT2004", Assert.ThrowsExactly<CompilationException>(() => Matrix(8, 16, 8000, 0, 9000).Run()).Diagnostic.Descriptor.Code);
        Assert.AreEqual("MOPT2004", Matrix(8, 0, 8000, 0, 1000).InferError());
    }

    private static Node Matrix(long bands, long length, long rate, float low, float high) => Node(
        "MelWeightMatrix", [Tensor.Scalar(bands), Tensor.Scalar(length), Tensor.Scalar(rate), Tensor.Scalar(low), Tensor.Scalar(high)]);
}
