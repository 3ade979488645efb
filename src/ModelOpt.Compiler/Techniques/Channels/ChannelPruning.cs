using ModelOpt.Compiler.Calibration;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Options;
using ModelOpt.Compiler.Simplify;

namespace ModelOpt.Compiler.Techniques.Channels;

/// <summary>
/// Removes the channels that matter least to the outputs until the model meets its target; then refits the layers after them.
/// </summary>
internal sealed class ChannelPruning : Pass
{
    private const int DefaultMultiple = 8;

    // Of a group of few channels, steps of eight would be too coarse.
    private const int LeastSteps = 4;
    private const int StatisticsSamples = 64;

    public override PassPhase Phase => PassPhase.Shrink;

    public override PassResult Apply(Graph graph, PassContext context)
    {
        double? target = context.Model.ChannelPruning is > 0 and var share ? share : null;
        if (target is null && !context.Recipe.Layers.Any(r => r.ChannelPruning > 0)) return PassResult.Of(0);
        (IReadOnlyList<ChannelGroup> groups, IReadOnlyList<PassNote> notes) = ChannelGroups.Find(graph);
        WarnOfBlocked(graph, context, groups, notes);
        (IReadOnlyList<RankedGroup> ranked, IReadOnlyList<LossCurve> losses) = Assess(graph, groups, target is not null, context);
        ChannelPruningTarget cost = context.Model.ChannelPruningTarget ?? ChannelPruningTarget.Macs;
        (int[] counts, double saved) = Choose(graph, ranked, losses, target, cost, context);
        Dictionary<string, int[]> kept = ChannelSlicing.Kept(ranked.SelectMany((r, g) => r.Removable.Take(counts[g])));
        if (kept.Count == 0)
        {
            context.Diagnostics.Report(ChannelPruningDiagnostics.NothingRemoved.At(null, null));
            return new PassResult(0, notes);
        }

        ChannelSlicing.Apply(graph, kept);
        if (context.Reference is { } reference) ChannelReconstruction.Narrow(reference, kept);
        if (context.IsCalibrated) ChannelReconstruction.Apply(graph, kept, context);
        context.Diagnostics.Report(ChannelPruningDiagnostics.Achieved.At(null, null, 100 * saved, NameOf(cost)));
        return new PassResult(counts.Sum(), notes);
    }

    private static string NameOf(ChannelPruningTarget target) => target switch
    {
        ChannelPruningTarget.Bytes => "bytes of weights",
        ChannelPruningTarget.Latency => "latency",
        _ => "multiply-accumulates",
    };

    /// <summary>The share that a rule of the recipe sets for a layer; null if the model's target decides.</summary>
    private static double? RuleOf(Node layer, PassContext context) =>
        context.Recipe.Layers.LastOrDefault(r => r.ChannelPruning is not null && r.Matches(layer.Label))?.ChannelPruning;

    private static void WarnOfBlocked(Graph graph, PassContext context, IReadOnlyList<ChannelGroup> groups, IReadOnlyList<PassNote> notes)
    {
        HashSet<Node> free = [.. groups.SelectMany(g => g.Layers)];
        foreach (Node layer in graph.Nodes.Where(n => ChannelRules.IsLayer(n) && !free.Contains(n)))
        {
            if (RuleOf(layer, context) is not (> 0 and var share)) continue;
            string reason = notes.First(n => n.Layer == layer.Label).Text;
            context.Diagnostics.Report(ChannelPruningDiagnostics.LayerStays.At(null, layer.Label, share, reason));
        }
    }

    private static (IReadOnlyList<RankedGroup> Ranked, IReadOnlyList<LossCurve> Losses) Assess(
        Graph graph, IReadOnlyList<ChannelGroup> groups, bool sensitivity, PassContext context)
    {
        ChannelScore score = context.Model.ChannelScore ?? ChannelScore.Activation;
        if (!context.IsCalibrated)
        {
            context.Diagnostics.Report(ChannelPruningDiagnostics.NoCalibrationData.At(null, null));
            if (score == ChannelScore.BatchNormScale) context.Diagnostics.Report(ChannelPruningDiagnostics.ScaleIsUnknown.At(null, null));
            if (score is ChannelScore.Activation or ChannelScore.BatchNormScale) score = ChannelScore.L2;
            IReadOnlyList<RankedGroup> byWeights = ChannelScores.Rank(graph, groups, score, null);
            return (byWeights, [.. byWeights.Select(ChannelSensitivity.ByScores)]);
        }

        using Calibrator calibrator = new(graph, context);
        IEnumerable<Value> observed = ChannelScores.Inputs(graph);
        if (score == ChannelScore.BatchNormScale)
        {
            context.Diagnostics.Report(ChannelPruningDiagnostics.ScaleIsEstimated.At(null, null));
            observed = observed.Concat(graph.Nodes.Where(ChannelRules.IsLayer).Select(n => n.Output)).Distinct();
        }

        ChannelStatistics statistics = new(observed, calibrator, StatisticsSamples);
        IReadOnlyList<RankedGroup> ranked = ChannelScores.Rank(graph, groups, score, statistics);
        return (ranked, sensitivity ? ChannelSensitivity.Measure(graph, ranked, statistics, calibrator, context)
            : [.. ranked.Select(ChannelSensitivity.ByScores)]);
    }

    /// <summary>
    /// How many units of each group to remove, and the share of the cost that this saves. Makes the multiples smaller until the target
    /// can be met, unless an option sets them.
    /// </summary>
    private static (int[] Counts, double Saved) Choose(
        Graph graph, IReadOnlyList<RankedGroup> ranked, IReadOnlyList<LossCurve> losses, double? target, ChannelPruningTarget cost,
        PassContext context)
    {
        ChannelCosts costs = new(graph, ranked, cost);
        double nearest = double.PositiveInfinity;
        for (int multiple = context.Model.ChannelMultiple ?? DefaultMultiple; ; multiple /= 2)
        {
            ChannelBudget budget = new([.. ranked.Select(r => Allowed(r, multiple, target is null, context))], losses, costs.Saved);
            int[] counts = budget.Choose(target ?? 0);
            double saved = costs.Saved(counts);
            if (target is not { } wanted) return (counts, saved);
            if (cost == ChannelPruningTarget.Latency)
                (counts, saved) = new ChannelLatency(graph, ranked, context.Cancellation).Choose(budget, wanted);
            if (Math.Abs(saved - wanted) <= ChannelBudget.Tolerance) return (counts, saved);
            if (Math.Abs(saved - wanted) < Math.Abs(nearest - wanted)) nearest = saved;
            if (multiple > 1 && context.Model.ChannelMultiple is null) continue;
            throw ChannelPruningDiagnostics.Unreachable.Error(null, wanted, NameOf(cost), nearest);
        }
    }

    /// <summary>The numbers of units that may go: those that leave a multiple of channels, or the one that a rule asks for.</summary>
    private static int[] Allowed(RankedGroup ranked, int multiple, bool rulesOnly, PassContext context)
    {
        ChannelGroup group = ranked.Group;
        int perUnit = Math.Max(1, group.Layers.Max(l => (int)l.Output.Shape![1].Size) / group.Width);
        int step = Math.Max(1, multiple / perUnit);
        if (context.Model.ChannelMultiple is null)
            while (step > 1 && step * LeastSteps > group.Width) step /= 2;
        int[] all = [.. Enumerable.Range(0, ranked.Removable.Length + 1).Where(n => n == 0 || (group.Width - n) % step == 0)];
        double[] rules = [.. group.Layers.Select(l => RuleOf(l, context)).OfType<double>()];
        if (rules.Length > 0) return [all.MinBy(n => Math.Abs(n - (rules.Min() * group.Width)))];
        return rulesOnly ? [0] : all;
    }
}
