namespace ModelOpt.Runtime.Tests.Kernels;

[TestClass]
internal sealed class MathF32Tests
{
    private static readonly float[] Special =
    [
        0f, -0f, float.NaN, float.PositiveInfinity, float.NegativeInfinity, float.MaxValue, float.MinValue, float.Epsilon,
        1.17549435e-38f, 88.72283f, 88.72284f, -87.33655f, -103.97f, -104.5f, 1f, -1f, 0.625f, 0.62499994f, 0.70710678f, 3.95f,
    ];

    [TestMethod]
    public void Exp_is_within_two_ulp() => Check<ExpOperation>(Math.Exp, 2, -110, 95);

    [TestMethod]
    public void Log_is_within_two_ulp() => Check<LogOperation>(Math.Log, 2, 0, 100);

    [TestMethod]
    public void Sigmoid_is_within_three_ulp() => Check<SigmoidOperation>(x => 1 / (1 + Math.Exp(-x)), 3, -100, 100);

    [TestMethod]
    public void Tanh_is_within_three_ulp() => Check<TanhOperation>(Math.Tanh, 3, -12, 12);

    [TestMethod]
    public void Erf_is_within_two_ulp() => Check<ErfOperation>(Erf, 2, -4.5f, 4.5f);

    private static void Check<TOperation>(Func<double, double> exact, double bound, float low, float high)
        where TOperation : struct, IUnaryOperation
    {
        var random = new Random(7);
        var x = new float[20011];
        Special.CopyTo(x, 0);
        for (int i = Special.Length; i < x.Length; i++)
        {
            x[i] = (i % 3) switch
            {
                0 => low + ((high - low) * random.NextSingle()),
                1 => (random.NextSingle() - 0.5f) * 4,
                _ => BitConverter.Int32BitsToSingle(random.Next(int.MinValue, int.MaxValue)),
            };
        }

        var scalar = new float[x.Length];
        VectorMap.Apply<TOperation>(SimdTier.Scalar, x, scalar);
        for (int i = 0; i < x.Length; i++)
        {
            double wanted = exact(x[i]);
            if (double.IsNaN(wanted) || double.IsInfinity(wanted) || Math.Abs(wanted) > float.MaxValue)
            {
                Assert.AreEqual((float)wanted, scalar[i], $"at {x[i]:R}");
                continue;
            }

            float nearest = (float)wanted;
            double ulp = float.IsFinite(nearest) ? MathF.BitIncrement(MathF.Abs(nearest)) - (double)MathF.Abs(nearest) : 0;
            ulp = double.IsFinite(ulp) && ulp > 0 ? ulp : Math.ScaleB(1, 104);
            Assert.IsTrue(Math.Abs(scalar[i] - wanted) <= bound * ulp, $"{scalar[i]:R} at {x[i]:R}, exactly {wanted:R}");
        }

        foreach (SimdTier tier in KernelTesting.Tiers)
        {
            var actual = new float[x.Length];
            VectorMap.Apply<TOperation>(tier, x, actual);
            KernelTesting.AssertSameBits(scalar, actual, tier.ToString());
        }
    }

    /// <summary>The Maclaurin series where its terms are small enough for double precision; beyond, 1 to less than half an ulp.</summary>
    private static double Erf(double x)
    {
        if (double.IsNaN(x))
            return x;
        if (Math.Abs(x) > 4)
            return Math.Sign(x);
        double term = x, sum = x;
        for (int n = 1; n < 200; n++)
        {
            term *= -x * x / n;
            sum += term / ((2 * n) + 1);
        }

        return sum * 2 / Math.Sqrt(Math.PI);
    }
}
