namespace ModelOpt.Compiler.Tests.Operators.Sampling;

[TestClass]
internal sealed class RandomNormalTests
{
    [TestMethod]
    public void Numbers_have_their_mean_and_deviation()
    {
        Node("RandomNormal", [], 1, ("shape", new[] { 40L, 5, 50 }), ("seed", 3f)).AssertDistributed(0, 1, fed: 0);
        Node("RandomNormal", [], 1, ("shape", new[] { 40L, 5, 50 }), ("mean", -2f), ("scale", 0.25f)).AssertDistributed(-2, 0.25, fed: 0);
    }
}
