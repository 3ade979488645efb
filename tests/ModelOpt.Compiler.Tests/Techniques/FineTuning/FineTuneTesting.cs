using System.Runtime.InteropServices;
using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Simplify;
using ModelOpt.Compiler.Tests.Data;

namespace ModelOpt.Compiler.Tests.Techniques.FineTuning;

/// <summary>A small network and random images to train it with.</summary>
internal static class FineTuneTesting
{
    /// <summary>The number of images.</summary>
    public const int Samples = 100;

    /// <summary>The network: two convolutions and a dense layer.</summary>
    public static Graph Network(int batch = -1)
    {
        var g = new TestGraph();
        Value x = g.Input("x", batch, 2, 8, 8);
        Value y = g.Add("Relu", g.Add("Conv", [x, g.Random(1, 12, 2, 3, 3), g.Random(2, 12)], ("pads", new[] { 1, 1, 1, 1 })));
        y = g.Add("Relu", g.Add("Conv", [y, g.Random(3, 16, 12, 3, 3), g.Random(4, 16)], ("strides", new[] { 2, 2 })));
        y = g.Add("GlobalAveragePool", y);
        g.Output(g.Add("Gemm", [g.Add("Flatten", y), g.Random(5, 5, 16), g.Random(6, 5)], ("transB", 1)));
        return g.Build();
    }

    /// <summary>Compresses the network as options ask.</summary>
    public static (Graph Graph, PassContext Context, IReadOnlyList<AppliedPass> Passes) Compress(CompileOptions options, int batch = -1)
    {
        Graph graph = Network(batch);
        PassContext context = new(options, new Recipe(), new DiagnosticList());
        PassPipeline.Simplify(graph, context);
        IReadOnlyList<AppliedPass> passes = PassPipeline.Compress(graph, context);
        return (graph, context, passes);
    }

    /// <summary>The mean squared difference from the float model, on images that neither calibration nor training saw.</summary>
    public static double Error(Graph graph, PassContext context)
    {
        Tensor images = TestGraph.RandomTensor(999, 200, 2, 8, 8);
        float[] wanted = new Interpreter(context.Reference!).Run(images)[0].Span<float>().ToArray();
        float[] computed = new Interpreter(graph) { FakeQuantize = true }.Run(images)[0].Span<float>().ToArray();
        return wanted.Zip(computed, (w, c) => (double)(w - c) * (w - c)).Average();
    }

    /// <summary>Options that name the images.</summary>
    public static CompileOptions Options(TempFolder folder)
    {
        Tensor images = TestGraph.RandomTensor(77, Samples, 2, 8, 8);
        string file = folder.Write("x.npy", DataTesting.Npy("<f4", $"{Samples}, 2, 8, 8", MemoryMarshal.AsBytes(images.Span<float>())));
        // Magnitude leaves something to be learnt, which the default criterion does not.
        return new() { CalibrationData = [file], PruningCriterion = PruningCriterion.Magnitude, Epochs = 10, BatchSize = 16,
            LearningRate = 0.01 };
    }
}
