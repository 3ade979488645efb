using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Options;
using ModelOpt.Compiler.Simplify;
using ModelOpt.Compiler.Techniques.Channels;
using ModelOpt.Compiler.Techniques.Clustering;
using ModelOpt.Compiler.Techniques.FineTuning;
using ModelOpt.Compiler.Techniques.LowRank;
using ModelOpt.Compiler.Techniques.Quantize;
using ModelOpt.Compiler.Techniques.Sparsity;

namespace ModelOpt.Compiler.Compile;

/// <summary>Runs the passes in order, and checks the graph after each.</summary>
internal static class PassPipeline
{
    // Each round removes a node or more, so this bounds a mistake, not a model.
    private const int MaxRounds = 100;

    private static readonly Pass[] Passes =
    [
        new BranchInlining(),
        new ConstantFolding(),
        new LoopUnrolling(),
        new IdentityRemoval(),
        new EmptyRemoval(),
        new DeadNodeRemoval(),
        new SoftmaxFlattening(),
        new ReshapeMerging(),
        new GemmCanonicalization(),
        new LinearLayers(),
        new HardSwishFusion(),
        new GeluFusion(),
        new NormalizationFusion(),
        new NormalizationAffine(),
        new BatchNormFolding(),
        new AffineFolding(),
        new PadFolding(),
        new TransposedConvolutions(),
        new VolumeConvolutions(),
        new VolumePools(),
        new ForeignGrids(),
        new LayerGrids(),
        new GridAgreement(),
        new WeightSharing(),
        new ChannelEqualization(),
        new GateEqualization(),
        new ResultEqualization(),
        new ChannelPruning(),
        new Decomposition(),
        new GradualPruning(),
        new SparsityPass(),
        new ClusteringPass(),
        new Int8Quantization(),
        new WeightStorage(),
        new RecurrentIntegers(),
        new FineTuning(),
        new ImageInput(),
    ];

    /// <summary>Simplifies a graph until nothing changes.</summary>
    /// <returns>What each pass did, in order.</returns>
    public static IReadOnlyList<AppliedPass> Simplify(Graph graph, PassContext context, bool keepsNormalization = false)
    {
        Dictionary<Pass, AppliedPass> applied = [];
        Pass[] passes = [.. Passes.Where(p => p.Phase == PassPhase.Simplify && !(keepsNormalization && p is BatchNormFolding))];
        bool changed = true;
        for (int round = 0; changed && round < MaxRounds; round++)
        {
            changed = false;
            foreach (Pass pass in passes)
            {
                PassResult result = Run(pass, graph, context);
                changed |= result.Changes > 0;
                int before = applied.TryGetValue(pass, out AppliedPass? earlier) ? earlier.Changes : 0;
                // A later round may do what an earlier one could not, so the last round's reasons count.
                applied[pass] = new AppliedPass(pass.Name, before + result.Changes, result.Notes);
            }
        }

        OpenBatch.CloseForValues(graph, context.Diagnostics);
        return [.. passes.Select(p => applied[p])];
    }

    /// <summary>Compresses a simplified graph; one that is quantized already is left as it is.</summary>
    /// <returns>What each pass did, in order.</returns>
    /// <exception cref="CompilationException">A rule of the recipe matches no layer, or a pass cannot do what was asked for.</exception>
    public static IReadOnlyList<AppliedPass> Compress(Graph graph, PassContext context)
    {
        context.Recipe.CheckMatches(context.Options.Recipe, [.. graph.Nodes.Select(n => n.Label)]);
        bool isQuantized = IsQuantized(graph);
        List<AppliedPass> applied = [.. Run(PassPhase.Legalize)];
        if (isQuantized)
        {
            // Its grids are part of its function: a Relu, for one, may be there only as the lower end of a grid.
            if (context.Options.Quantization != QuantizationMode.None)
                context.Diagnostics.Report(RecipeDiagnostics.AlreadyQuantized.At(null, null));
            if (OptionChecks.Techniques(context) is { Length: > 0 } techniques)
                context.Diagnostics.Report(RecipeDiagnostics.NotCompressed.At(null, null, string.Join(", ", techniques)));
            return [.. applied, .. Run(PassPhase.Interface)];
        }

        OpenSizes.Close(graph);
        applied.AddRange(Run(PassPhase.Prepare));
        context.Reference = graph.Clone();
        PassPhase[] phases = [PassPhase.Shrink, PassPhase.Constrain, PassPhase.Quantize, PassPhase.FineTune];
        applied.AddRange(phases.SelectMany(Run));
        OpenSizes.Open(graph);
        OpenSizes.Open(context.Reference);
        return [.. applied, .. Run(PassPhase.Interface)];

        List<AppliedPass> Run(PassPhase phase) => [.. Passes.Where(p => p.Phase == phase).Select(p =>
        {
            PassResult result = PassPipeline.Run(p, graph, context);
            return new AppliedPass(p.Name, result.Changes, result.Notes);
        })];
    }

    /// <summary>
    /// The graph whose lowering says whether it can be written: where the file quantizes, one on grids that kernels take.
    /// </summary>
    /// <param name="graph">The graph, simplified; it stays as it is.</param>
    public static Graph Writable(Graph graph, PassContext context)
    {
        if (!IsQuantized(graph)) return graph;
        Graph copy = graph.Clone();
        foreach (Pass pass in Passes.Where(p => p.Phase == PassPhase.Legalize))
            Run(pass, copy, context with { Diagnostics = new DiagnosticList() });
        return copy;
    }

    /// <summary>Whether the file that a graph was read from quantizes activations itself.</summary>
    /// <param name="graph">The graph, before <see cref="Compress"/>.</param>
    public static bool IsQuantized(Graph graph) => graph.Values.Any(v => !v.IsConstant && v.Quantization is not null);

    private static PassResult Run(Pass pass, Graph graph, PassContext context)
    {
        context.Cancellation.ThrowIfCancellationRequested();
        PassResult result = pass.Phase == PassPhase.Simplify ? ApplyInside(pass, graph, context) : pass.Apply(graph, context);
        if (result.Changes == 0) return result;
        ShapeInference.Run(graph);
        GraphVerifier.Verify(graph, pass.Name);
        return result;
    }

    /// <summary>Applies a pass to the graph, after the bodies of its nodes.</summary>
    private static PassResult ApplyInside(Pass pass, Graph graph, PassContext context)
    {
        PassResult[] inside = [.. graph.Nodes.SelectMany(n => Operator.Of(n).LiveBodies(n))
            .Select(b => ApplyInside(pass, b, context))];
        PassResult result = pass.Apply(graph, context);
        return inside.Length == 0 ? result
            : new PassResult(result.Changes + inside.Sum(r => r.Changes), [.. inside.SelectMany(r => r.Notes), .. result.Notes]);
    }
}
