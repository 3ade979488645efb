namespace ModelOpt.Compiler.Tests.Peers;

[TestClass]
public sealed class LiteRtTests
{
    [TestMethod]
    public void What_is_no_model_is_an_error_and_the_process_goes_on()
    {
        for (int i = 0; i < 2; i++)
        {
            LiteRtException refused = Assert.ThrowsExactly<LiteRtException>(() => LiteRt.Run([1, 2, 3, 4, 5, 6, 7, 8]));
            StringAssert.Contains(refused.Message, "Failed to load model from buffer");
        }
    }
}
