using ModelOpt.Compiler.Emit.Storage;
using ModelOpt.Runtime.Storage;

namespace ModelOpt.Compiler.Tests.Emit.Storage;

[TestClass]
internal sealed class RangeCodingTests
{
    [TestMethod]
    [DataRow(0.0)]
    [DataRow(0.001)]
    [DataRow(0.1)]
    [DataRow(0.5)]
    [DataRow(0.97)]
    [DataRow(1.0)]
    public void Bits_come_back_and_take_about_their_entropy(double share)
    {
        foreach (int count in (int[])[0, 1, 2, 7, 100, 20_000])
        {
            var random = new Random(count);
            bool[] bits = [.. Enumerable.Range(0, count).Select(_ => random.NextDouble() < share)];
            RangeEncoder encoder = new();
            AdaptiveBit written = default, read = default;
            foreach (bool bit in bits) encoder.Write(ref written, bit);
            byte[] coded = encoder.End();
            RangeDecoder decoder = new(coded);
            foreach (bool bit in bits) Assert.AreEqual(bit, decoder.Read(ref read));
            double entropy = share is 0 or 1 ? 0 : -((share * Math.Log2(share)) + ((1 - share) * Math.Log2(1 - share)));

            // What is learnt costs a few bits at first, and 1 % as old bits fade.
            Assert.IsLessThan(6 + (count * ((entropy * 1.03) + 0.002) / 8), coded.Length, $"{count} bits");
        }
    }

    [TestMethod]
    public void Carries_run_through_all_bytes()
    {
        // Models that expect what does not come keep the range small and the number close below a round one.
        for (int seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            AdaptiveBit[] written = new AdaptiveBit[4], read = new AdaptiveBit[4];
            (int Model, bool Bit)[] bits =
                [.. Enumerable.Range(0, 400).Select(i => (random.Next(4), random.Next(i % 50 < 25 ? 40 : 2) == 0))];
            RangeEncoder encoder = new();
            foreach ((int model, bool bit) in bits) encoder.Write(ref written[model], bit);
            RangeDecoder decoder = new(encoder.End());
            foreach ((int model, bool bit) in bits) Assert.AreEqual(bit, decoder.Read(ref read[model]));
        }
    }
}
