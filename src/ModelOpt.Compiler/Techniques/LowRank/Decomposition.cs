using System.Globalization;
using ModelOpt.Compiler.Calibration;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Numerics;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.MatrixProducts;
using ModelOpt.Compiler.Options;
using ModelOpt.Compiler.Simplify;

namespace ModelOpt.Compiler.Techniques.LowRank;

/// <summary>
/// Replaces convolutions and dense layers by two or three cheaper ones: k×1 and 1×k, 1×1 after or before the window, or both (Tucker-2).
/// Chooses the forms and ranks with the least measured error that meet the target. Fits the factors layer by layer to the float model's
/// outputs on the calibration data, given the layers decomposed before.
/// </summary>
internal sealed class Decomposition : Pass
{
    // A target counts as met within this share of all multiply-accumulates.
    private const double Tolerance = 0.02;

    // The moments of so many bytes are collected at a time.
    private const long MomentBytes = 1L << 29;

    // Where on its curve the sensitivity of a layer is measured: the error that decomposition typically leaves.
    private const double TypicalError = 0.1;

    public override PassPhase Phase => PassPhase.Shrink;

    public override PassResult Apply(Graph graph, PassContext context)
    {
        bool byNoise = context.Model.RankSelection == RankSelection.Evbmf && context.Model.Decomposition != 0;
        double share = context.Model.Decomposition ?? 0;
        Node[] layers = [.. graph.Nodes.Where(Operator.IsLayer)];
        if (share <= 0 && !byNoise && !layers.Any(l => ShareOf(l, context) > 0)) return PassResult.Of(0);

        if (!context.IsCalibrated) context.Diagnostics.Report(DecompositionDiagnostics.NoCalibrationData.At(null, null));
        List<PassNote> notes = [];
        List<Candidate> candidates = [];
        RuleEffects.Check(context, nameof(LayerOptions.Decomposition), r => r.Decomposition > 0, [.. layers.Select(l => (l, WhyNot(l)))]);
        foreach (Node layer in layers)
        {
            if (WhyNot(layer) is { } reason) notes.Add(new(layer, reason));
            else if (ShareOf(layer, context) == 0) notes.Add(new(layer, "the recipe keeps it whole"));
            else if (share > 0 || byNoise || ShareOf(layer, context) is not null)
                candidates.Add(new Candidate(layer, new FactorGeometry(layer, context.Workers), ShareOf(layer, context)));
        }

        Plan(graph, candidates, byNoise, context);
        long total = layers.Sum(l => Operator.Of(l).Macs(l));
        Choose(candidates, byNoise, share, total);
        int changes = Replace(graph, candidates, context, notes);
        if (changes == 0) context.Diagnostics.Report(DecompositionDiagnostics.NothingSplit.At(null, null, Reason(notes)));
        long removed = candidates.Sum(c => c.Geometry.Macs - c.Chosen!.Macs);
        notes.Add(new($"all layers: {Percent(removed, total)} of {total} multiply-accumulates removed"));
        if (changes > 0 && share > 0 && Math.Abs(removed - (share * total)) > Tolerance * total
            && !candidates.Exists(c => c.Share is not null))
            context.Diagnostics.Report(DecompositionDiagnostics.TargetMissed.At(null, null, Percent(removed, total), Percent(share, 1)));
        return new PassResult(changes, notes);
    }

    /// <summary>The note of the first layer.</summary>
    private static string Reason(List<PassNote> notes) =>
        notes.Count == 0 ? "the model has no convolution or dense layer" : notes[0].Text;

    /// <summary>The share that the recipe asks of just this layer.</summary>
    private static double? ShareOf(Node layer, PassContext context) =>
        context.Recipe.Layers.LastOrDefault(r => r.Decomposition is not null && r.Matches(layer.PartOf ?? layer.Label))?.Decomposition;

    private static string? WhyNot(Node layer)
    {
        if (layer.Int("group", 1) != 1) return "it is grouped";
        if (layer.PartOf is not null) return "it is a factor already";
        if (!OutputAffine.IsFree(layer.Input(1)) || layer.Input(0).IsConstant) return "its weight is not a float32 constant";
        if (layer.Type == "Gemm" && !GemmCanonicalization.IsCanonical(layer)) return "its weight is not used as it is";
        if (layer.InputOrNull(2) is { } bias && !(OutputAffine.IsFree(bias) && bias.Constant!.Rank == 1)) return "its bias is not constant";
        if (layer.Input(1).Constraints is not null) return "its weight has constraints";
        if (SharedWeights.IsShared(layer)) return "another layer has the same weight";
        return layer.Input(0).Shape is { } x && x.Skip(1).All(d => d.IsKnown) ? null : "the size of its input is not known";
    }

    /// <summary>Finds each layer's choices, with errors that are comparable among layers.</summary>
    private static void Plan(Graph graph, List<Candidate> candidates, bool byNoise, PassContext context)
    {
        List<(Node, float[], float[])> erring = [];
        List<Candidate> measured = [];
        using MomentCollector? collector = context.IsCalibrated ? new(graph, context.Reference!, context) : null;
        for (int at = 0; at < candidates.Count;)
        {
            List<Candidate> chunk = [];
            for (long bytes = 0; at < candidates.Count && (chunk.Count == 0 || bytes < MomentBytes); at++)
            {
                WeightShape shape = candidates[at].Geometry.Shape;
                bytes += LayerMoments.Bytes(1, shape.PerOutput, shape.Outputs);
                chunk.Add(candidates[at]);
            }

            Dictionary<Node, LayerMoments> moments = collector?.Collect([.. chunk.Select(c => c.Layer)], "decompose") ?? [];
            foreach (Candidate candidate in chunk)
            {
                context.Cancellation.ThrowIfCancellationRequested();
                LayerTarget target = candidate.Target(moments.GetValueOrDefault(candidate.Layer));
                candidate.Curve = byNoise && candidate.Share is null
                    ? NoiseRanks.Of(candidate.Geometry, target)
                    : RankCurve.Of(candidate.Geometry, target);
                RankChoice? typical = candidate.Curve.Where(c => c.Form is not null).MinBy(c => Math.Abs(c.Error - TypicalError));
                if (!context.IsCalibrated || byNoise || typical is not { Error: > 0 }) continue;
                RowMatrix weight = Factorization.Fit(target, typical.Form!.Value, typical.Ranks, false).Composed;
                erring.Add((candidate.Layer, FactorGeometry.ToFloat(weight.Data), target.BiasFor(weight)!));
                measured.Add(candidate);
                candidate.Weight = 1 / typical.Error;
            }
        }

        double[] sensitivity = erring.Count > 0 ? OutputSensitivity.Measure(graph, erring, context, "decompose: sensitivity") : [];
        for (int i = 0; i < measured.Count; i++)
        {
            double weight = measured[i].Weight * sensitivity[i];
            measured[i].Curve = [.. measured[i].Curve.Select(c => c with { Error = c.Error * weight })];
        }
    }

    private static void Choose(List<Candidate> candidates, bool byNoise, double share, long total)
    {
        foreach (Candidate candidate in candidates.Where(c => c.Share is not null))
        {
            long most = candidate.Geometry.Macs - (long)(candidate.Share!.Value * candidate.Geometry.Macs);
            candidate.Chosen = candidate.Curve.FirstOrDefault(c => c.Macs <= most)
                ?? throw OutOfReach(candidate.Layer.Label, candidate.Share.Value, candidate.Geometry.Macs - candidate.Curve[^1].Macs,
                    candidate.Geometry.Macs);
        }

        List<Candidate> open = candidates.FindAll(c => c.Share is null);
        if (byNoise)
        {
            open.ForEach(c => c.Chosen = c.Curve[0]);
            return;
        }

        long own = candidates.Where(c => c.Share is not null).Sum(c => c.Geometry.Macs - c.Chosen!.Macs);
        long remove = Math.Max(0, (long)(share * total) - own);
        if (share <= 0) remove = 0;
        long possible = open.Sum(c => c.Geometry.Macs - c.Curve[^1].Macs);
        if (remove > possible + (long)(Tolerance / 2 * total)) throw OutOfReach(null, share, own + possible, total);
        long budget = open.Sum(c => c.Geometry.Macs) - remove, slack = share > 0 ? total / 200 : 0;
        RankChoice[] chosen = RankBudget.Choose([.. open.Select(c => c.Curve)], budget, slack);
        // Ranks that kernels like are too far apart where few layers have most of the work.
        if (remove > 0 && Math.Abs(budget - chosen.Sum(c => c.Macs)) > Tolerance / 2 * total)
            chosen = RankBudget.Choose([.. open.Select(c => RankCurve.Finer(c.Geometry, c.Curve))], budget, slack);
        for (int i = 0; i < open.Count; i++) open[i].Chosen = chosen[i];
    }

    private static int Replace(Graph graph, List<Candidate> candidates, PassContext context, List<PassNote> notes)
    {
        int changes = 0;
        Dictionary<Node, Candidate> byLayer = candidates.ToDictionary(c => c.Layer);
        if (context.IsCalibrated) LayerStages.Run(
            graph, [.. candidates.Select(c => c.Layer)], context, "decompose", (layer, moments) => One(byLayer[layer], moments));
        else candidates.ForEach(c => One(c, null));
        return changes;

        void One(Candidate candidate, LayerMoments? moments)
        {
            LayerTarget target = candidate.Target(moments);
            if (candidate.Chosen is { Form: { } form } chosen)
            {
                Factorization factors = Factorization.Fit(target, form, chosen.Ranks, context.IsCalibrated);
                candidate.Geometry.Replace(graph, factors, target);
                changes++;
            }
            else
            {
                bool cheaper = candidate.Curve.Count > 1;
                notes.Add(new(candidate.Layer, cheaper ? "it would lose more than others" : "no factors would be cheaper"));
                // A layer that stays compensates for what earlier layers lost.
                if (changes > 0 && target.BiasFor(target.Weight) is { } bias)
                    OutputAffine.SetConstants(graph, candidate.Layer, FactorGeometry.ToFloat(target.Weight.Data), bias);
            }
        }
    }

    private static CompilationException OutOfReach(string? layer, double share, long possible, long total) =>
        DecompositionDiagnostics.TargetOutOfReach.Error(
        layer, Percent(share, 1), Percent(Math.Floor(1000.0 * possible / Math.Max(1, total)), 1000));

    private static string Percent(double part, double of) =>
        (100 * part / Math.Max(1, of)).ToString("0.#", CultureInfo.InvariantCulture) + " %";

    private sealed class Candidate(Node layer, FactorGeometry geometry, double? share)
    {
        public Node Layer => layer;

        public FactorGeometry Geometry => geometry;

        public double? Share => share;

        public List<RankChoice> Curve { get; set; } = [];

        public RankChoice? Chosen { get; set; }

        public double Weight { get; set; }

        public LayerTarget Target(LayerMoments? moments) => moments is null
            ? LayerTarget.Plain(geometry.Shape, geometry.Weight)
            : LayerTarget.Of(geometry.Shape, geometry.Weight, moments);
    }
}
