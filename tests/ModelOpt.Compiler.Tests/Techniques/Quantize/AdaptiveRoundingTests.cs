using System.Runtime.InteropServices;
using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Simplify;
using ModelOpt.Compiler.Techniques.Quantize;
using ModelOpt.Compiler.Techniques.Sparsity;
using ModelOpt.Compiler.Tests.Data;
using ModelOpt.Compiler.Tests.Techniques.FineTuning;

namespace ModelOpt.Compiler.Tests.Techniques.Quantize;

/// <summary>Weights of few steps, of which it matters where they are rounded to.</summary>
[TestClass]
internal sealed class AdaptiveRoundingTests
{
    private const int Samples = 200;

    // Eight steps instead of 127 on either side of zero.
    private const float Coarser = 16;

    [TestMethod]
    public void Learnt_rounding_is_nearer_to_the_float_model_on_images_that_it_has_not_seen()
    {
        using TempFolder folder = new();
        CompileOptions options = Options(folder);
        (Graph nearest, PassContext context, _) = Compress(options);
        (Graph learnt, _, PassResult pass) = Compress(options with { Rounding = WeightRounding.Adaptive, RoundingSteps = 600 });
        Assert.IsLessThan(Error(nearest, context) * 0.8, Error(learnt, context));
        StringAssert.EndsWith(pass.Notes[0].Text, "as learnt");
    }

    [TestMethod]
    public void Elements_stay_zero_or_become_the_integer_below_or_above()
    {
        using TempFolder folder = new();
        (Graph learnt, PassContext context, _) = Compress(Options(folder) with { Rounding = WeightRounding.Adaptive, RoundingSteps = 100,
            Sparsity = 0.5, PruningCriterion = PruningCriterion.Magnitude });
        int up = 0;
        foreach (Node node in learnt.Nodes.Where(n => n.Type is "Conv" or "Gemm"))
        {
            Value weight = node.Input(1);
            float[] exact = context.Reference!.Nodes.Single(n => n.Label == node.Label).Input(1).Constant!.Span<float>().ToArray();
            float[] rounded = weight.Constant!.Span<float>().ToArray();
            Quantization grid = weight.Quantization!;
            Tensor constant = weight.Constant!;
            Assert.IsTrue(grid.Round(constant).Bytes.Span.SequenceEqual(constant.Bytes.Span));
            for (int i = 0; i < exact.Length; i++)
            {
                if (weight.Constraints?.Mask is { } mask && mask.Zeros[i])
                {
                    Assert.AreEqual(0, rounded[i]);
                    continue;
                }

                float scale = grid.Scales[i / (exact.Length / constant.Dims[0])], off = MathF.Abs(rounded[i] - exact[i]) / scale;
                Assert.IsLessThan(1.001f, off);
                if (off > 0.501f) up++;
            }
        }

        Assert.IsGreaterThan(0, up, "all are the nearest");
    }

    [TestMethod]
    public void The_same_options_give_the_same_weights()
    {
        using TempFolder folder = new();
        CompileOptions options = Options(folder) with { Rounding = WeightRounding.Adaptive, RoundingSteps = 30 };
        float[][] first = Weights(Compress(options).Graph), second = Weights(Compress(options).Graph);
        for (int i = 0; i < first.Length; i++) CollectionAssert.AreEqual(first[i], second[i]);

        static float[][] Weights(Graph graph) =>
            [.. graph.Values.Where(v => v.IsConstant && v.Type == ElementType.Float32).Select(v => v.Constant!.Span<float>().ToArray())];
    }

    private static CompileOptions Options(TempFolder folder)
    {
        Tensor images = TestGraph.RandomTensor(77, Samples, 2, 8, 8);
        return new() { CalibrationData =
            [folder.Write("x.npy", DataTesting.Npy("<f4", $"{Samples}, 2, 8, 8", MemoryMarshal.AsBytes(images.Span<float>())))] };
    }

    private static (Graph Graph, PassContext Context, PassResult Pass) Compress(CompileOptions options)
    {
        Graph graph = FineTuneTesting.Network();
        PassContext context = new(options, new Recipe(), new DiagnosticList());
        PassPipeline.Simplify(graph, context);
        context.Reference = graph.Clone();
        new SparsityPass().Apply(graph, context);
        foreach (Value weight in graph.Nodes.Where(n => n.Type is "Conv" or "Gemm").Select(n => n.Input(1)))
        {
            Quantization fine = WeightGrid.Symmetric(weight.Constant!, 0);
            WeightConstraints constraints = weight.Constraints
                ?? new(new Mask(new bool[weight.Constant!.Count], SparsityPattern.Unstructured));
            weight.Constraints = constraints.With(fine with { Scales = [.. fine.Scales.Select(s => s * Coarser)] });
        }

        return (graph, context, new Int8Quantization().Apply(graph, context));
    }

    private static double Error(Graph graph, PassContext context)
    {
        Tensor images = TestGraph.RandomTensor(999, 300, 2, 8, 8);
        float[] wanted = new Interpreter(context.Reference!).Run(images)[0].Span<float>().ToArray();
        float[] computed = new Interpreter(graph) { FakeQuantize = true }.Run(images)[0].Span<float>().ToArray();
        return wanted.Zip(computed, (w, c) => (double)(w - c) * (w - c)).Average();
    }
}
