using ModelOpt.Compiler.Calibration;
using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Operators.Convolution;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.MatrixProducts;
using ModelOpt.Compiler.Operators.Pooling;
using ModelOpt.Compiler.Operators.Reduction;
using ModelOpt.Compiler.Simplify;
using ModelOpt.Compiler.Techniques.Quantize;
using ModelOpt.Compiler.Tests.Simplify;

namespace ModelOpt.Compiler.Tests.Techniques.Quantize;

[TestClass]
internal sealed class Int8QuantizationTests
{
    [TestMethod]
    public void Exactly_what_the_scheme_names_is_annotated()
    {
        Graph graph = QuantizeTesting.Sample();
        QuantizationScheme scheme = graph.Scheme();
        PassResult result = new Int8Quantization().Apply(graph, QuantizeTesting.SampleContext);
        Assert.AreEqual(scheme.Nodes.Count, result.Changes);
        Assert.IsEmpty(result.Notes);
        Value[] annotated = [.. graph.Values.Where(v => !v.IsConstant && v.Quantization is not null)];
        CollectionAssert.AreEquivalent(scheme.Activations.ToArray(), annotated);
        Assert.IsTrue(annotated.All(v => v.Quantization is { Type: ElementType.Int8, IsPerTensor: true }));
        foreach (IReadOnlyList<Value> group in scheme.Groups) Assert.HasCount(1, group.Select(v => v.Quantization).Distinct());

        Node[] layers = [.. scheme.Nodes.Where(n => Operator.Of(n).Quantization == QuantizationRule.Weighted)];
        Assert.IsGreaterThan(10, layers.Length);
        foreach (Node layer in layers)
        {
            Quantization weight = layer.Input(1).Quantization!, bias = layer.Input(2).Quantization!;
            float input = layer.Input(0).Quantization!.Scale;
            Assert.AreEqual((ElementType.Int8, 0), (weight.Type, weight.Axis));
            Assert.AreEqual((ElementType.Int32, 0), (bias.Type, bias.Axis));
            CollectionAssert.AreEqual(weight.Scales.Select(s => input * s).ToArray(), bias.Scales.ToArray());
        }
    }

    [TestMethod]
    public void What_a_fused_activation_reads_is_never_stored()
    {
        Graph graph = QuantizeTesting.Sample();
        Node[] fused = [.. graph.Nodes.Where(n => FusedActivation.Of(graph, n) is not null)];
        Assert.IsNotEmpty(fused);
        new Int8Quantization().Apply(graph, QuantizeTesting.SampleContext);
        foreach (Node node in fused)
        {
            Assert.IsNull(node.Output.Quantization);
            Assert.IsNotNull(node.Output.Consumers[0].Output.Quantization);
        }
    }

    [TestMethod]
    public void Both_artifacts_of_the_sample_give_the_same_bits()
    {
        CompiledModel model = ModelCompiler.Compile(QuantizeTesting.SampleModel, QuantizeTesting.SampleOptions, new DiagnosticList());
        foreach (Tensor image in QuantizeTesting.Images(32)) QuantizeTesting.AssertAgree(model, "image", image);
    }

    [TestMethod]
    [DoNotParallelize]
    public void Memory_does_not_grow_with_the_samples()
    {
        Graph graph = QuantizeTesting.Sample();
        long oneSample = 0;
        new Interpreter(graph) { Hook = (_, tensor) => oneSample += tensor.Bytes.Length }.Run(QuantizeTesting.Images(1));

        Dictionary<int, long> live = [];
        var progress = new Progress(p =>
        {
            if (p is { Phase: "calibrate", Done: 8 or 64 }) live[p.Done] = GC.GetTotalMemory(forceFullCollection: true);
        });
        PassContext context = QuantizeTesting.SampleContext with
        {
            Options = QuantizeTesting.SampleOptions with { CalibrationSamples = 65 },
            Progress = progress,
        };
        using var calibrator = new Calibrator(graph, context);
        calibrator.Observe(graph.Scheme().Activations);
        Assert.IsLessThan(oneSample, live[64] - live[8], "56 more samples must take less than one sample's activations");
    }

    [TestMethod]
    public void Without_data_or_wish_nothing_changes()
    {
        Graph graph = QuantizeTesting.Sample();
        Assert.AreEqual(0, new Int8Quantization().Apply(graph, PassTesting.Context).Changes);
        PassContext none = QuantizeTesting.SampleContext with
        {
            Options = QuantizeTesting.SampleOptions with { Quantization = QuantizationMode.None },
        };
        Assert.AreEqual(0, new Int8Quantization().Apply(graph, none).Changes);
        Assert.IsTrue(graph.Values.All(v => v.Quantization is null));
    }

    [TestMethod]
    public void A_model_in_which_nothing_computes_is_told_of()
    {
        using var folder = new TempFolder();
        var g = new TestGraph();
        g.Output(g.Add("MaxPool", [g.Input("x", -1, 2, 4, 4)], ("kernel_shape", new[] { 2, 2 })));
        Graph graph = g.Build();
        PassContext context = folder.Calibrated(graph);
        Assert.AreEqual(0, new Int8Quantization().Apply(graph, context).Changes);
        Assert.AreEqual("MOPT4012", ((DiagnosticList)context.Diagnostics).Diagnostics.Single().Descriptor.Code);
    }

    [TestMethod]
    public void A_model_of_fixed_batch_has_its_biases_corrected()
    {
        using var folder = new TempFolder();
        var g = new TestGraph();
        g.Output(g.Add("Conv", g.Input("x", 1, 2, 5, 5), g.Random(1, 3, 2, 3, 3)));
        Graph graph = g.Build();
        new Int8Quantization().Apply(graph, folder.Calibrated(graph));
        Assert.IsTrue(graph.Nodes[0].Input(2).Constant!.Span<float>().ToArray().Any(b => b != 0));
    }

    [TestMethod]
    public void What_an_activation_leaves_nothing_of_stays_zero()
    {
        using var folder = new TempFolder();
        var g = new TestGraph();
        Value positive = g.Add("Relu", g.Add("Conv", g.Input("x", -1, 2, 5, 5), g.Random(1, 3, 2, 3, 3)));
        Tensor negative = TestGraph.RandomTensor(2, 4, 3, 1, 1);
        foreach (ref float w in negative.Span<float>()) w = -MathF.Abs(w) - 0.1f;
        g.Output(g.Add("Relu", g.Add("Conv", positive, g.Constant(negative))));
        Graph graph = g.Build();
        new Int8Quantization().Apply(graph, folder.Calibrated(graph));
        Assert.IsNull(graph.Nodes[2].InputOrNull(2));
        Assert.IsNotNull(graph.Nodes[0].InputOrNull(2));
    }

    [TestMethod]
    public void A_product_with_a_vector_is_quantized()
    {
        var g = new TestGraph();
        Value mean = g.Add("ReduceMean", [g.Input("x", -1, 6, 4, 4), g.Longs(0, 2, 3)], ("keepdims", 0));
        g.Output(g.Add("MatMul", mean, g.Random(1, 6, 5)));
        Graph graph = g.Build();
        using var folder = new TempFolder();
        Assert.AreEqual(2, new Int8Quantization().Apply(graph, folder.Calibrated(graph)).Changes);
        Assert.IsNotNull(graph.Outputs[0].Quantization);
    }

    private sealed class Progress(Action<CompileProgress> action) : IProgress<CompileProgress>
    {
        public void Report(CompileProgress value) => action(value);
    }
}
