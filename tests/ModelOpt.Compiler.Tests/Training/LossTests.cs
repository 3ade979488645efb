using ModelOpt.Compiler.Training;
using ModelOpt.Runtime.Threading;

namespace ModelOpt.Compiler.Tests.Training;

/// <summary>Losses against their definitions in double precision, and gradients against central differences of these.</summary>
[TestClass]
internal sealed class LossTests
{
    private static readonly int[] Labels = [2, 0, 4];

    [TestMethod]
    public void Cross_entropy()
    {
        Tensor scores = Scores(1);
        Check(ClassLosses.CrossEntropy(scores, Labels), scores, s => -s.Select((row, n) => Math.Log(Softmax(row, 1)[Labels[n]])).Average());
    }

    [TestMethod]
    [DataRow(1f)]
    [DataRow(4f)]
    public void Distillation(float temperature)
    {
        Tensor scores = Scores(1), teacher = Scores(2);
        double[][] wanted = [.. Rows(teacher).Select(r => Softmax(r, temperature))];
        Check(ClassLosses.Distillation(scores, teacher, temperature), scores, s => temperature * temperature * s.Select((row, n) =>
            wanted[n].Zip(Softmax(row, temperature), (t, p) => t * Math.Log(t / p)).Sum()).Average());
        Assert.AreEqual(0, ClassLosses.Distillation(scores, scores, temperature).Loss, 1e-6);
    }

    [TestMethod]
    public void Squared_error_relative_to_the_target()
    {
        Tensor computed = Scores(1), wanted = Scores(2);
        double[] t = [.. Rows(wanted).SelectMany(r => r)];
        Check(SquaredError.Of(computed, wanted, null), computed,
            s => s.SelectMany(r => r).Zip(t, (y, x) => (y - x) * (y - x)).Sum() / t.Sum(x => x * x));
    }

    [TestMethod]
    public void Mean_squared_error_and_its_gradient_are_those_of_the_definition()
    {
        Tensor computed = Scores(1), wanted = Scores(2);
        double[] t = [.. Rows(wanted).SelectMany(r => r)];
        Check(SquaredError.Mean(computed, wanted, null), computed, s => s.SelectMany(r => r).Zip(t, (y, x) => (y - x) * (y - x)).Average());
    }

    [TestMethod]
    public void Squared_error_of_many_elements_is_the_same_on_any_threads()
    {
        Tensor computed = TestGraph.RandomTensor(1, 7, 10_000), wanted = TestGraph.RandomTensor(2, 7, 10_000);
        using WorkerPool pool = new(3);
        LossGradient alone = SquaredError.Of(computed, wanted, null), together = SquaredError.Of(computed, wanted, pool);
        Assert.AreEqual(alone.Loss, together.Loss);
        Assert.IsTrue(alone.Gradient.Bytes.Span.SequenceEqual(together.Gradient.Bytes.Span));
    }

    private static void Check(LossGradient actual, Tensor scores, Func<double[][], double> definition)
    {
        double[][] rows = Rows(scores);
        Assert.AreEqual(definition(rows), actual.Loss, 1e-5);
        const double step = 1e-5;
        for (int i = 0; i < scores.Count; i++)
        {
            ref double element = ref rows[i / 5][i % 5];
            double value = element;
            element = value + step;
            double up = definition(rows);
            element = value - step;
            double down = definition(rows);
            element = value;
            Assert.AreEqual((up - down) / (2 * step), actual.Gradient.Span<float>()[i], 1e-5, $"element {i}");
        }
    }

    private static double[] Softmax(double[] row, double temperature)
    {
        double[] powers = [.. row.Select(x => Math.Exp(x / temperature))];
        return [.. powers.Select(p => p / powers.Sum())];
    }

    private static double[][] Rows(Tensor tensor) =>
        [.. Enumerable.Range(0, 3).Select(n => Enumerable.Range(0, 5).Select(c => (double)tensor.Span<float>()[(n * 5) + c]).ToArray())];

    private static Tensor Scores(int seed)
    {
        Tensor tensor = TestGraph.RandomTensor(seed, 3, 5);
        foreach (ref float x in tensor.Span<float>()) x *= 4;
        return tensor;
    }
}
