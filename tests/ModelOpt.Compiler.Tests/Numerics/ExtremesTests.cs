using ModelOpt.Compiler.Numerics;

namespace ModelOpt.Compiler.Tests.Numerics;

[TestClass]
internal sealed class ExtremesTests
{
    [TestMethod]
    public void The_least_and_the_largest_are_found_wherever_they_are()
    {
        for (int length = 1; length < 70; length++)
        {
            for (int place = 0; place < length; place++)
            {
                float[] values = [.. Enumerable.Range(0, length).Select(i => 0.5f + (i % 3))];
                (values[place], values[(place + (length / 2)) % length]) = (-7, length == 1 ? -7 : 9);
                Assert.AreEqual((-7f, length == 1 ? -7f : 9f), Extremes.Of(values), $"{place} of {length}");
            }
        }

        Assert.AreEqual((float.PositiveInfinity, float.NegativeInfinity), Extremes.Of([]));
    }
}
