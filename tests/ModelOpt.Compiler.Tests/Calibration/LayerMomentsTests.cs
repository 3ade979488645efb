using ModelOpt.Compiler.Calibration;

namespace ModelOpt.Compiler.Tests.Calibration;

[TestClass]
internal sealed class LayerMomentsTests
{
    private const int Inputs = 40, Positions = 72;

    [TestMethod]
    public void Inputs_that_never_vary_have_no_variance_and_say_nothing_of_weights()
    {
        float[] x = [.. Enumerable.Range(0, Inputs * Positions).Select(i => 0.1f + (i / Positions * 0.0377f))];
        float[] weights = [.. Enumerable.Range(0, Inputs).Select(i => (i % 7) - 3f)];
        var moments = new LayerMoments(1, Inputs, 1);
        moments.Add(0, x, new float[Positions], Positions, null);
        Assert.IsTrue(moments.InputCovariance(0).All(c => c == 0));
        LayerQuadratic error = LayerQuadratic.Of(moments, weights, 1e-4)[0];
        CollectionAssert.AreEqual(weights, error.Best.Select(w => (float)w).ToArray());
    }

    [TestMethod]
    public void Inputs_that_vary_keep_their_variance_beside_those_that_do_not()
    {
        float[] x = [.. Enumerable.Range(0, 2 * Positions).Select(i => i < Positions ? 0.3f : i % 2)];
        var moments = new LayerMoments(1, 2, 1);
        moments.Add(0, x, new float[Positions], Positions, null);
        double[] covariance = moments.InputCovariance(0);
        Assert.AreEqual(0, covariance[0], 1e-6);
        Assert.AreEqual(0.25, covariance[3], 1e-6);
    }
}
