using ModelOpt.Compiler.Techniques.Clustering;

namespace ModelOpt.Compiler.Tests.Techniques.Clustering;

[TestClass]
internal sealed class CompensatedAssignmentTests
{
    private const int Inputs = 5, Samples = 60;
    private static readonly int[] Levels = [-127, 0, 90];

    [TestMethod]
    public void It_lies_between_the_best_of_all_assignments_and_the_nearest()
    {
        double gained = 0, possible = 0;
        for (int seed = 0; seed < 30; seed++)
        {
            Problem p = new(seed);
            double nearest = p.Error(p.Nearest, p.Scale);
            (int[] integers, double[] scales, float[] bias) = p.Solve();
            double found = p.Error(integers, scales[0]);
            Assert.IsTrue(integers.All(Levels.Contains));
            Assert.AreEqual(p.BestBias(integers, scales[0]), bias[0], 1e-4);
            double best = Enumerable.Range(0, 243).Min(n => p.Error(
                [.. Enumerable.Range(0, Inputs).Select(k => Levels[n / (int)Math.Pow(3, k) % 3])], scales[0]));
            Assert.IsGreaterThanOrEqualTo(best - 1e-9, found);
            Assert.IsLessThanOrEqualTo(nearest + 1e-6, found);
            gained += nearest - found;
            possible += nearest - best;
        }

        Assert.IsGreaterThan(0.5 * possible, gained);
    }

    [TestMethod]
    public void Masked_elements_stay_zero()
    {
        bool[] zeros = [true, false, true, false, false];
        (int[] integers, _, _) = new Problem(1, zeros).Solve();
        Assert.AreEqual((0, 0), (integers[0], integers[2]));
        Assert.IsTrue(Enumerable.Range(0, 5).Any(seed => new Problem(seed).Solve().Integers is var free && free[0] != 0 && free[2] != 0));
    }

    /// <summary>One output channel that reads five inputs which depend on each other.</summary>
    private sealed class Problem
    {
        private readonly double[][] _x;
        private readonly double[] _y;
        private readonly LayerWeights _layer;

        public Problem(int seed, bool[]? zeros = null)
        {
            var random = new Random(seed);
            float[] weights = [.. Enumerable.Range(0, Inputs).Select(_ => (random.NextSingle() * 2) - 1)];
            _x = [.. Enumerable.Range(0, Samples).Select(_ =>
            {
                double common = random.NextDouble();
                return Enumerable.Range(0, Inputs).Select(_ => common + random.NextDouble()).ToArray();
            })];
            _y = [.. _x.Select(v => v.Zip(weights, (a, b) => a * b).Sum() + 0.7)];
            _layer = new LayerWeights(weights, 1, zeros, [[.. Enumerable.Repeat(1.0, Inputs)]]);
            Nearest = [.. weights.Select((w, k) => zeros is not null && zeros[k] ? 0 : Levels.MinBy(l => Math.Abs(w - (l * Scale))))];
        }

        public double Scale { get; } = 1 / 127.0;

        public int[] Nearest { get; }

        public double BestBias(int[] integers, double scale) => _y.Average() - _x.Average(v => Product(v, integers, scale));

        public double Error(int[] integers, double scale)
        {
            double bias = BestBias(integers, scale);
            return _x.Zip(_y, (v, wanted) => Math.Pow(wanted - Product(v, integers, scale) - bias, 2)).Average();
        }

        public (int[] Integers, double[] Scales, float[] Bias) Solve()
        {
            double[][] z = [.. _x.Select(v => v.Append(1.0).ToArray())];
            double[] gram = [.. from i in Enumerable.Range(0, Inputs + 1) from j in Enumerable.Range(0,
                Inputs + 1) select z.Average(v => v[i] * v[j])];
            double[] cross = [.. Enumerable.Range(0, Inputs + 1).Select(j => z.Zip(_y, (v, wanted) => v[j] * wanted).Average())];
            var start = new EntropyConstrainedLloyd.Outcome(
                new IntegerCodebook([Scale], [Levels]), Nearest, new double[255], 0, 0, 0);
            return new CompensatedAssignment(_layer, 1, _ => gram, _ => cross, 0).Run(start, default);
        }

        private static double Product(double[] inputs, int[] integers, double scale) => inputs.Zip(integers, (a, b) => a * b * scale).Sum();
    }
}
