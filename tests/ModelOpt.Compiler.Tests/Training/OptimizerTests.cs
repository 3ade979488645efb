using ModelOpt.Compiler.Training;

namespace ModelOpt.Compiler.Tests.Training;

/// <summary>Optimizers against their published formulas, computed in double precision with powers and without shortcuts.</summary>
[TestClass]
internal sealed class OptimizerTests
{
    private const float Rate = 0.05f;

    [TestMethod]
    [DataRow(OptimizerKind.Adam, 0)]
    [DataRow(OptimizerKind.AdamW, 0.01)]
    public void Adam_is_the_paper_s(OptimizerKind kind, double decay)
    {
        float[][] gradients = Gradients();
        float[] numbers = [1, -2, 0.5f];
        double[] expected = [1, -2, 0.5], m = new double[3], v = new double[3];
        Optimizer optimizer = Optimizer.Of(kind, 3);
        for (int t = 1; t <= gradients.Length; t++)
        {
            optimizer.Step(numbers, gradients[t - 1], Rate);
            for (int i = 0; i < 3; i++)
            {
                double g = gradients[t - 1][i];
                m[i] = (0.9 * m[i]) + (0.1 * g);
                v[i] = (0.999 * v[i]) + (0.001 * g * g);
                double mean = m[i] / (1 - Math.Pow(0.9, t)), square = v[i] / (1 - Math.Pow(0.999, t));
                expected[i] -= Rate * ((mean / (Math.Sqrt(square) + 1e-8)) + (decay * expected[i]));
                Assert.AreEqual(expected[i], numbers[i], 2e-5, $"step {t}, number {i}");
            }
        }
    }

    [TestMethod]
    public void Descent_has_momentum()
    {
        float[][] gradients = Gradients();
        float[] numbers = [1, -2, 0.5f];
        Optimizer optimizer = Optimizer.Of(OptimizerKind.Sgd, 3);
        foreach (float[] gradient in gradients) optimizer.Step(numbers, gradient, Rate);
        for (int i = 0; i < 3; i++)
        {
            // Each gradient acts on all later steps, less by a tenth each time.
            double moved = 0;
            for (int t = 0; t < gradients.Length; t++)
            {
                for (int later = t; later < gradients.Length; later++) moved += Rate * gradients[t][i] * Math.Pow(0.9, later - t);
            }

            Assert.AreEqual(new[] { 1, -2, 0.5 }[i] - moved, numbers[i], 1e-5);
        }
    }

    private static float[][] Gradients()
    {
        var random = new Random(3);
        return [.. Enumerable.Range(0, 30).Select(_ => new[] { random.NextSingle() - 0.3f, random.NextSingle() * 3, 1e-3f })];
    }
}
