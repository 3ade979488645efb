using ModelOpt.Compiler.Emit.Reports;

namespace ModelOpt.Compiler.Tests.Emit.Reports;

[TestClass]
internal sealed class PatternRecognitionTests
{
    private const int Outputs = 32, Taps = 3, Inputs = 32;

    [TestMethod]
    [DataRow("2:4", "2:4")]
    [DataRow("1:4", "1:4")]
    [DataRow("3:4", "3:4")]
    [DataRow("4:8", "4:8")]
    [DataRow("1:2", "1:2")]
    [DataRow("1x4", "1x4")]
    [DataRow("4x1", "4x1")]
    [DataRow("4x4", "4x4")]
    [DataRow("1x16", "1x16")]
    [DataRow("16x1", "16x1")]
    [DataRow("1x1", "unstructured")]
    public void The_pattern_that_zeros_were_made_by_is_found(string pattern, string expected)
    {
        foreach (int seed in (int[])[1, 2, 3]) Assert.AreEqual(expected, Count(Sparse(pattern, seed)).PatternText);
    }

    [TestMethod]
    [DataRow("1x4", 0.03)]
    [DataRow("1x4", 0.3)]
    [DataRow("4x1", 0.3)]
    [DataRow("4x4", 0.3)]
    [DataRow("1x16", 0.3)]
    public void Zeros_that_rounding_and_clustering_add_do_not_hide_blocks_and_are_told(string pattern, double added)
    {
        foreach (double share in (double[])[0.3, 0.5, 0.8])
        {
            WeightStatistics s = Count(WithMoreZeros(Sparse(pattern, seed: 5, share), added));
            StringAssert.StartsWith(s.PatternText, $"{pattern} (", $"{share}");
            Assert.IsLessThan(1, s.PatternShare);
        }
    }

    [TestMethod]
    public void Zeros_that_rounding_and_clustering_add_do_not_hide_groups_and_are_told()
    {
        foreach ((string pattern, double demanded) in ((string, double)[])[("2:4", 0.5), ("1:4", 0.75), ("3:4", 0.25), ("4:8", 0.5)])
        {
            WeightStatistics s = Count(WithMoreZeros(Sparse(pattern, seed: 5), 0.2));
            StringAssert.StartsWith(s.PatternText, $"{pattern} (");
            Assert.AreEqual(demanded / s.Sparsity, s.PatternShare, 1e-9);
        }
    }

    [TestMethod]
    [DataRow(32, 3, 32)]
    [DataRow(64, 9, 64)]
    [DataRow(10, 1, 64)]
    [DataRow(16, 9, 1)]
    [DataRow(8, 1, 6)]
    public void Zeros_anywhere_have_no_pattern_however_many_they_are(int outputs, int taps, int inputs)
    {
        for (int seed = 0; seed < 20; seed++)
        {
            foreach (double share in (double[])[0.02, 0.3, 0.5, 0.8, 0.95])
            {
                var random = new Random(seed);
                bool[] zeros = [.. Enumerable.Range(0, outputs * taps * inputs).Select(_ => random.NextDouble() < share)];
                if (zeros.Contains(true) && zeros.Contains(false)) AssertNone(zeros, outputs, inputs, $"{share} {seed}");
            }
        }
    }

    [TestMethod]
    public void Zeros_that_crowd_in_some_channels_have_no_pattern()
    {
        // Half the input or output channels are nearly all zero, the others nearly none: whole blocks abound, wherever they begin.
        for (int seed = 0; seed < 10; seed++)
        {
            var random = new Random(seed);
            bool[] crowded = [.. Enumerable.Range(0, Outputs).Select(_ => random.Next(2) == 0)];
            bool[] Zeros(Func<int, int> channel) => [.. Enumerable.Range(0, Outputs * Taps * Inputs)
                .Select(i => random.NextDouble() < (crowded[channel(i)] ? 0.97 : 0.05))];
            AssertNone(Zeros(i => i / (Taps * Inputs)), Outputs, Inputs, $"outputs {seed}");
            AssertNone(Zeros(i => i % Inputs), Outputs, Inputs, $"inputs {seed}");
        }
    }

    [TestMethod]
    public void Blocks_that_begin_elsewhere_are_none()
    {
        // Groups of four that begin at 2, 6, …: the runtime could not skip one of them.
        bool[] zeros = [.. Sparse("1x4", seed: 1).Select(w => w == 0)];
        bool[] displaced = [.. zeros[2..], .. zeros[..2]];
        Assert.AreEqual("1x4", $"{PatternRecognition.Find(zeros, Outputs, Inputs)?.Pattern}");
        Assert.AreNotEqual("1x4", $"{PatternRecognition.Find(displaced, Outputs, Inputs)?.Pattern}");
    }

    [TestMethod]
    public void A_pattern_that_is_broken_is_not_claimed()
    {
        // One group with a third weight: 2:4 no longer holds. That every group has a zero does.
        float[] weight = Sparse("2:4", 1);
        weight[Array.IndexOf(weight, 0)] = 1;
        Assert.AreEqual("3:4 (50 %)", Count(weight).PatternText);
        // One input channel: there is no group of four, and no block that is wider.
        Assert.AreEqual("unstructured", WeightStatistics.Of([0, 1, 2, 0, 3, 0, 4, 5], 2, 1, 8).PatternText);
    }

    private static void AssertNone(bool[] zeros, int outputs, int inputs, string message) =>
        Assert.IsNull(PatternRecognition.Find(zeros, outputs, inputs)?.Pattern, message);

    private static WeightStatistics Count(float[] weight) => WeightStatistics.Of(weight, Outputs, Inputs, 8);

    private static float[] WithMoreZeros(float[] weight, double share)
    {
        var random = new Random(6);
        return [.. weight.Select(w => random.NextDouble() < share ? 0 : w)];
    }

    /// <summary>[outputs, taps, inputs] with random zeros by a pattern's definition: N of each M kept, or a share of the blocks.</summary>
    private static float[] Sparse(string pattern, int seed, double share = 0.5)
    {
        var random = new Random(seed);
        float[] weight = [.. Enumerable.Range(0, Outputs * Taps * Inputs).Select(_ => random.NextSingle() + 1)];
        if (pattern.Split(':') is [var n, var m])
        {
            int kept = int.Parse(n), size = int.Parse(m);
            for (int start = 0; start < weight.Length; start += size)
            {
                int[] order = [.. Enumerable.Range(0, size)];
                random.Shuffle(order);
                foreach (int i in order[kept..]) weight[start + i] = 0;
            }

            return weight;
        }

        int rows = int.Parse(pattern.Split('x')[0]), columns = int.Parse(pattern.Split('x')[1]);
        for (int o = 0; o < Outputs; o += rows)
        {
            for (int t = 0; t < Taps; t++)
            {
                for (int c = 0; c < Inputs; c += columns)
                {
                    if (random.NextDouble() >= share) continue;
                    for (int r = 0; r < rows; r++)
                        for (int k = 0; k < columns; k++) weight[((((o + r) * Taps) + t) * Inputs) + c + k] = 0;
                }
            }
        }

        return weight;
    }
}
