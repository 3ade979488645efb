using ModelOpt.Compiler.Calibration;
using ModelOpt.Compiler.Simplify;
using ModelOpt.Compiler.Techniques.Quantize;

namespace ModelOpt.Compiler.Tests.Techniques.Quantize;

[TestClass]
internal sealed class SensitiveNodesTests
{
    [TestMethod]
    public void What_cannot_bear_rounding_stays_in_float_and_is_named()
    {
        using var folder = new TempFolder();
        Graph graph = Cancelling(out Node sensitive);
        PassContext context = folder.Calibrated(graph);
        context.Reference = graph.Clone();
        PassResult result = new Int8Quantization().Apply(graph, context);
        Assert.IsNull(sensitive.Output.Quantization);
        Assert.Contains(SensitiveNodes.Reason, result.Notes.Select(n => n.Text));
        string message = ((DiagnosticList)context.Diagnostics).Diagnostics.Single(d => d.Descriptor.Code == "MOPT4022").Message;
        StringAssert.Contains(message, sensitive.Label);
        Assert.IsTrue(graph.Nodes.Where(n => n.Type == "Conv").All(n => n.Input(1).Quantization is { Type: ElementType.Int8 }));
    }

    [TestMethod]
    public void No_more_than_a_tenth_of_the_work_stays_in_float()
    {
        using var folder = new TempFolder();
        // A layer whose result is rounded away: all of the work is in it.
        var g = new TestGraph();
        Value x = g.Add("Conv", g.Input("x", -1, 2, 6, 6), g.Random(1, 4, 2, 1, 1));
        Value far = g.Add("Add", x, g.Scalar(1000));
        g.Output(g.Add("Conv", g.Add("Sub", far, g.Scalar(1000)), g.Random(2, 4, 4, 1, 1)));
        Graph graph = g.Build();
        PassContext context = folder.Calibrated(graph);
        context.Reference = graph.Clone();
        new Int8Quantization().Apply(graph, context);
        Assert.IsTrue(graph.Nodes.Where(n => n.Type == "Conv").All(n => n.Input(1).Quantization is { Type: ElementType.Int8 }));
    }

    [TestMethod]
    public void What_values_cost_together_is_measured()
    {
        using var folder = new TempFolder();
        // Eight sums that err alike: together they cost eight times the sum of what each costs alone.
        var g = new TestGraph();
        Value x = g.Add("Conv", g.Input("x", -1, 2, 6, 6), g.Random(1, 4, 2, 3, 3)), sum = x;
        for (int i = 0; i < 8; i++) sum = g.Add("Add", sum, g.Add("Sub", g.Add("Add", x, g.Scalar(200)), g.Scalar(200)));
        g.Output(sum);
        Graph graph = g.Build();
        Dictionary<string, Tensor> feeds = graph.Feeds();
        Tensor exact = graph.Interpret(feeds)[0];
        PassContext context = folder.Calibrated(graph);
        context.Reference = graph.Clone();
        new Int8Quantization().Apply(graph, context);
        // A hundredth of noise, in decibels.
        Assert.IsGreaterThan(20, QuantizeTesting.Sqnr(exact, graph.Interpret(feeds, fakeQuantize: true)[0]));
    }

    [TestMethod]
    public void Where_eight_bits_are_enough_nothing_is_measured_node_by_node()
    {
        Graph graph = QuantizeTesting.Sample();
        using Calibrator calibrator = new(graph, QuantizeTesting.SampleContext);
        List<string> phases = [];
        PassContext context = QuantizeTesting.SampleContext with
        {
            Reference = graph.Clone(), Progress = new Recorder(phases),
        };
        QuantizationScheme scheme = graph.Scheme();
        Dictionary<Value, ActivationStatistics> seen = calibrator.Observe(scheme.Activations);
        Assert.IsEmpty(SensitiveNodes.Find(
            graph, scheme, v => RangeEstimator.Estimate(seen[v], CalibrationMethod.MinMax),
            new FloatOutputs(graph, calibrator, context), context));
        Assert.DoesNotContain("sensitivity", phases);
    }

    /// <summary>A difference of two numbers that are nearly the same, behind a layer.</summary>
    private static Graph Cancelling(out Node sensitive)
    {
        var g = new TestGraph();
        Value x = g.Add("Conv", g.Input("x", -1, 2, 6, 6), g.Random(1, 4, 2, 3, 3));
        Value far = g.Add("Add", x, g.Scalar(200));
        g.Output(g.Add("Sub", far, g.Scalar(200)));
        sensitive = far.Producer!;
        return g.Build();
    }

    private sealed class Recorder(List<string> phases) : IProgress<CompileProgress>
    {
        public void Report(CompileProgress value) => phases.Add(value.Phase);
    }
}
