using ModelOpt.Runtime.Kernels.Sampling;

namespace ModelOpt.Runtime.Tests.Kernels.Sampling;

[TestClass]
internal sealed class RandomNumbersTests
{
    // The first block of Philox4x32-10 of a key and a counter of zeros, as its authors publish it.
    [TestMethod]
    public void Blocks_are_those_of_Philox()
    {
        float[] y = new float[4];
        new RandomNumbers(0, 0, 0).Uniform(y);
        uint[] published = [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8];
        CollectionAssert.AreEqual(published.Select(b => (b >> 8) / (float)(1 << 24)).ToArray(), y);
    }

    [TestMethod]
    public void Seeds_and_runs_draw_other_numbers_and_a_longer_row_begins_with_a_shorter()
    {
        float[] all = new float[103], part = new float[50];
        new RandomNumbers(3, 1, 0).Uniform(all);
        new RandomNumbers(3, 1, 0).Uniform(part);
        CollectionAssert.AreEqual(all[..50], part);
        foreach (RandomNumbers other in (RandomNumbers[])[new(4, 1, 0), new(3, 2, 0), new(3, 1, 1)])
        {
            other.Uniform(part);
            Assert.AreEqual(0, part.Zip(all).Count(p => p.First == p.Second));
        }
    }

    [TestMethod]
    public void Normal_numbers_have_their_moments()
    {
        float[] y = new float[40001];
        new RandomNumbers(1, 2, 3).Normal(y);
        Assert.AreEqual(0, y.Average(), 0.03);
        Assert.AreEqual(1, y.Average(x => x * x), 0.04);
        Assert.AreEqual(3, y.Average(x => (double)x * x * x * x), 0.3);
    }
}
