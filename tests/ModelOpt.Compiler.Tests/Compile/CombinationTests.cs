using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Tests.Techniques.Quantize;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;
using Graph = ModelOpt.Compiler.Graphs.Graph;
using Tensor = ModelOpt.Compiler.Graphs.Tensor;
using StoredNode = ModelOpt.Runtime.Model.Node;

namespace ModelOpt.Compiler.Tests.Compile;

/// <summary>
/// Every pair and triple of techniques, and all of them, on a network of ResNet8's shape: whatever was applied is counted in the
/// emitted file, which nothing but the file format's reader knows, and the artifacts agree with ONNX Runtime bit for bit.
/// </summary>
[TestClass]
internal sealed class CombinationTests
{
    private const double Sparsity = 0.5, ChannelPruning = 0.3, Decomposition = 0.3;
    private const int Clusters = 16;

    private static readonly Dictionary<char, Func<CompileOptions, CompileOptions>> Techniques = new()
    {
        ['s'] = o => o with { Sparsity = Sparsity },
        ['c'] = o => o with { Clusters = Clusters },
        ['p'] = o => o with { ChannelPruning = ChannelPruning },
        ['d'] = o => o with { Decomposition = Decomposition },
        ['q'] = o => o with { Quantization = QuantizationMode.Int8 },
    };

    public static IEnumerable<object[]> Combinations =>
        from bits in Enumerable.Range(1, (1 << Techniques.Count) - 1)
        let chosen = string.Concat(Techniques.Keys.Where((_, i) => (bits >> i & 1) != 0))
        where chosen.Length is 2 or 3 or 5
        select new object[] { chosen };

    [TestMethod]
    [DynamicData(nameof(Combinations))]
    public void What_was_applied_is_in_the_emitted_file(string techniques)
    {
        using var folder = new TempFolder();
        Graph original = ResNet8();
        CompileOptions options = techniques.Aggregate(
            folder.Calibrated(original).Options with { Quantization = QuantizationMode.None }, (o, t) => Techniques[t](o));
        CompiledModel model = ModelCompiler.Compile(
            folder.Write("resnet8.onnx", OnnxWriter.Write(original)), options, new DiagnosticList());

        StoredNode[] layers = [.. GraphReader.Read(model.Tflite).Nodes
            .Where(n => n.Operator is BuiltinOperator.Conv2D or BuiltinOperator.FullyConnected)];
        float[][] weights = [.. layers.Select(WeightOf)];
        // Where nothing else changes the layers, the share of zeros is that which was asked for; not of the first and the like.
        double zeros = (double)weights.Sum(w => w.Count(v => v == 0)) / weights.Sum(w => w.Length);
        Assert.AreEqual(techniques.Contains('s'), zeros > Sparsity - 0.1, $"{zeros:P0} are zero");
        int most = weights.Where(w => w.Length > 1000).Max(w => w.Distinct().Count());
        Assert.AreEqual(techniques.Contains('c'), most <= Clusters, $"{most} values");
        double macs = (double)layers.Sum(MacsOf) / original.Nodes.Sum(n => Compiler.Operators.Contract.Operator.Of(n).Macs(n));
        double wanted = (techniques.Contains('p') ? 1 - ChannelPruning : 1) * (techniques.Contains('d') ? 1 - Decomposition : 1);
        Assert.AreEqual(wanted, macs, 0.04, "share of the multiply-accumulates");
        Assert.AreEqual(techniques.Contains('q'), layers.All(l => l.Input(1).Type == TensorType.Int8));
        Tensor x = TestGraph.RandomTensor(5, 1, 3, 16, 16);
        if (techniques.Contains('q')) QuantizeTesting.AssertAgree(model, "x", x);
        else GraphTesting.AssertClose(
        GraphTesting.RunPeer(model.Onnx, new Dictionary<string, Tensor> { ["x"] = x }), TfliteRunner.Run(model.Tflite, x));
    }

    [TestMethod]
    public void The_same_inputs_give_the_same_bytes()
    {
        using var folder = new TempFolder();
        Graph original = ResNet8();
        CompileOptions options = Techniques.Values.Aggregate(folder.Calibrated(original).Options, (o, t) => t(o));
        string file = folder.Write("resnet8.onnx", OnnxWriter.Write(original));
        byte[][] built = [.. Enumerable.Range(0, 2).Select(_ => ModelCompiler.Compile(file, options, new DiagnosticList()).Tflite)];
        CollectionAssert.AreEqual(built[0], built[1]);
    }

    /// <summary>
    /// ResNet8 of MLPerf Tiny at 16×16 with weights at random: three residual blocks, two of them with a shortcut of stride 2.
    /// </summary>
    private static Graph ResNet8()
    {
        var g = new TestGraph();
        int seed = 1;
        Value y = g.Add("Relu", Conv(g.Input("x", -1, 3, 16, 16), 3, 16, 3, 1));
        foreach ((int inputs, int outputs) in new[] { (16, 16), (16, 32), (32, 64) })
        {
            int stride = inputs == outputs ? 1 : 2;
            Value body = Conv(g.Add("Relu", Conv(y, inputs, outputs, 3, stride)), outputs, outputs, 3, 1);
            y = g.Add("Relu", g.Add("Add", body, stride == 1 ? y : Conv(y, inputs, outputs, 1, 2)));
        }

        Value flat = g.Add("Flatten", [g.Add("GlobalAveragePool", y)], ("axis", 1));
        g.Output(g.Add("Softmax", [g.Add("Gemm", [flat, g.Random(seed, 10, 64), g.Random(seed + 1, 10)], ("transB", 1))], ("axis", 1)));
        return g.Build();

        Value Conv(Value x, int inputs, int outputs, int kernel, int stride)
        {
            // Of He's variance, so that activations neither vanish nor grow.
            Tensor weight = TestGraph.RandomTensor(seed++, outputs, inputs, kernel, kernel);
            float scale = MathF.Sqrt(6f / (inputs * kernel * kernel));
            foreach (ref float w in weight.Span<float>()) w *= scale;
            int pad = kernel / 2;
            return g.Add("Conv", [x, g.Constant(weight, "w"), g.Random(seed++, outputs)],
                ("strides", new[] { stride, stride }), ("pads", new[] { pad, pad, pad, pad }));
        }
    }

    private static float[] WeightOf(StoredNode layer)
    {
        byte[] data = layer.Input(1).Data!.Value.ToArray();
        return layer.Input(1).Type == TensorType.Int8
            ? Array.ConvertAll(data, b => (float)(sbyte)b)
            : System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(data).ToArray();
    }

    private static long MacsOf(StoredNode layer) => (long)layer.Outputs[0].Elements * (layer.Input(1).Elements / layer.Input(1).Shape[0]);
}
