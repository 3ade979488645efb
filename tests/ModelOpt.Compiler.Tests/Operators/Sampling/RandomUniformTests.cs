namespace ModelOpt.Compiler.Tests.Operators.Sampling;

[TestClass]
internal sealed class RandomUniformTests
{
    [TestMethod]
    public void Numbers_have_the_mean_and_deviation_of_their_range()
    {
        double third = Math.Sqrt(1 / 12.0);
        Node("RandomUniform", [], 1, ("shape", new[] { 40L, 5, 50 }), ("seed", 3f)).AssertDistributed(0.5, third, fed: 0);
        Node("RandomUniform", [], 1, ("shape", new[] { 40L, 5, 50 }), ("low", -3f), ("high", 1f)).AssertDistributed(-1, 4 * third, fed: 0);
    }
}
