using ModelOpt.Compiler.Calibration;
using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Techniques.Quantize;

namespace ModelOpt.Compiler.Tests.Techniques.Quantize;

[TestClass]
internal sealed class RoundingNoiseTests
{
    [TestMethod]
    public void One_group_gives_what_a_whole_run_gives_with_its_values_rounded()
    {
        using var folder = new TempFolder();
        var g = new TestGraph();
        Value x = g.Add("Conv", g.Input("x", 1, 2, 5, 5), g.Random(1, 3, 2, 1, 1));
        Value y = g.Output(g.Add("Conv", g.Add("Relu", x), g.Random(2, 2, 3, 1, 1)));
        g.Output(g.Add("Abs", x));
        Graph graph = g.Build();
        PassContext context = folder.Calibrated(graph);
        using Calibrator calibrator = new(graph, context);
        Quantization grid = Quantization.PerTensor(ElementType.Int8, 0.25f, 0);
        double[] noise = new RoundingNoise(graph, new FloatOutputs(graph, calibrator, context), 2, context).Of([x], grid);

        var wanted = new double[2];
        for (int s = 0; s < 4; s++)
        {
            Tensor[] inputs = calibrator.Sample(s, 4), exact = new Interpreter(graph).Run(inputs);
            Tensor[] rounded = new Interpreter(graph) { Substitute = (v, t) => v == x ? grid.Round(t) : t }.Run(inputs);
            for (int i = 0; i < 2; i++) wanted[i] += Math.Pow(10, -QuantizeTesting.Sqnr(exact[i], rounded[i]) / 10) / 4;
        }

        Assert.AreEqual(wanted[0], noise[0], 1e-9);
        Assert.AreEqual(wanted[1], noise[1], 1e-9);
        Assert.IsGreaterThan(0, noise[0]);
    }
}
