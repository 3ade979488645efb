using ModelOpt.Compiler.Calibration;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Options;
using ModelOpt.Compiler.Simplify;

namespace ModelOpt.Compiler.Techniques.Quantize;

/// <summary>
/// Post-training quantization: weights int8 per output channel, symmetric; activations int8 per tensor, asymmetric, with
/// ranges from calibration; biases int32; then bias correction.
/// </summary>
internal sealed class Int8Quantization : Pass
{
    public override PassPhase Phase => PassPhase.Quantize;

    public override PassResult Apply(Graph graph, PassContext context)
    {
        if (!IsWanted(graph, context)) return PassResult.Of(0);
        Dictionary<Node, string> reasons = [];
        Leave(Divisions.Feeding(graph), Divisions.Reason);
        Leave(FarNumbers.Infinite(graph), FarNumbers.Reason);
        Leave(FloatSums.Find(graph), FloatSums.Reason);
        QuantizationScheme scheme = QuantizationScheme.Of(graph, WhyFloat);
        List<PassNote> notes = [.. scheme.Reasons.Select(r => new PassNote(r.Key, r.Value))];
        if (scheme.Nodes.Count == 0)
        {
            context.Diagnostics.Report(RecipeDiagnostics.NothingQuantized.At(null, null));
            return new PassResult(0, notes);
        }

        using Calibrator calibrator = new(graph, context);
        Dictionary<Value, ActivationStatistics> statistics = calibrator.Observe(scheme.Activations);
        ReportZeros(graph, statistics, context.Diagnostics);
        Ranges ranges = new(graph, statistics, context.Model.CalibrationMethod ?? CalibrationMethod.MinMax);
        int known = reasons.Count;
        Leave(CoarseGrids.Find(graph, scheme, Range), CoarseGrids.Reason);
        Leave(SteepFunctions.Find(scheme, ranges.Whole), SteepFunctions.Reason);
        Leave(NarrowParts.Find(graph, scheme, Range), NarrowParts.Reason);
        Leave(FarNumbers.Find(graph, scheme, v => RangeEstimator.Estimate(statistics[v], CalibrationMethod.MinMax)), FarNumbers.Reason);
        scheme = QuantizationScheme.Of(graph, WhyFloat);
        Leave(WideConcats.Find(graph, scheme, Range, context.Diagnostics), WideConcats.Reason);
        scheme = QuantizationScheme.Of(graph, WhyFloat);
        Leave(FloatSources.Find(graph, scheme), FloatSources.Reason);
        notes.AddRange(reasons.Skip(known).Select(r => new PassNote(r.Key, r.Value)));
        HashSet<Node> chosen = [.. scheme.Nodes.Where(n => !reasons.ContainsKey(n))];
        Follow(Requantization.Insert(graph, chosen.Contains));
        Follow(Requantization.Separate(graph, scheme, Range));
        FloatOutputs? exact = context.Reference is null ? null : new(graph, calibrator, context);
        IReadOnlySet<Node> sensitive = SensitiveNodes.Find(graph, scheme, Range, exact, context);
        Leave(sensitive, SensitiveNodes.Reason);
        notes.AddRange(graph.Nodes.Where(sensitive.Contains).Select(n => new PassNote(n, SensitiveNodes.Reason)));
        scheme = QuantizationScheme.Of(graph, WhyFloat);
        if (scheme.Nodes.Count == 0) context.Diagnostics.Report(RecipeDiagnostics.NothingQuantized.At(null, null));
        Round(graph, scheme, Range, IsSeen, notes, calibrator, exact, context);
        return new PassResult(scheme.Nodes.Count, notes);

        // Where an activation leaves nothing of a layer, a shift of its sums is no loss, and would leave something.
        bool IsSeen(Node layer) =>
            statistics.GetValueOrDefault((FusedActivation.Of(graph, layer) ?? layer).Output)?.Histogram is not { Min: 0, Max: 0 };

        string? WhyFloat(Node node) => IsInt8(node, context) ? reasons.GetValueOrDefault(node) : "the recipe says so";

        void Leave(IEnumerable<Node> inFloat, string reason)
        {
            foreach (Node node in inFloat) reasons.TryAdd(node, reason);
        }

        void Follow(IEnumerable<Node> requantizing)
        {
            foreach (Node node in requantizing) statistics[node.Output] = statistics[node.Input(0)];
            scheme = QuantizationScheme.Of(graph, WhyFloat);
        }

        ValueRange Range(Value value) => ranges.Of(value);
    }

    /// <summary>Annotates the graph, rounds its constants and corrects its biases.</summary>
    /// <param name="isSeen">Whether an activation leaves something of a layer.</param>
    /// <param name="exact">What the graph makes of samples in float; null where nothing is to be measured.</param>
    private static void Round(
        Graph graph, QuantizationScheme scheme, Func<Value, ValueRange> ranges, Func<Node, bool> isSeen, List<PassNote> notes,
        Calibrator calibrator, FloatOutputs? exact, PassContext context)
    {
        Tensor[][] samples = calibrator.Spread(BiasCorrection.Samples, BiasCorrection.ActivationBytes);
        // What pruning or the like cost before is no loss of rounding.
        OutputLoss? loss = exact is not null && context.Model.Rounding is null ? new(exact, context) : null;
        Node[] layers = [.. scheme.Nodes.Where(n => Operator.Of(n).Quantization == QuantizationRule.Weighted)];
        Dictionary<Value, double[]> means = BiasCorrection.FloatMeans(graph, layers.Where(isSeen), samples, context.Workers);
        Dictionary<Node, Tensor> weights = layers.Where(n => n.Input(1).IsConstant).ToDictionary(n => n, n => n.Input(1).Constant!);
        GridAnnotation.Apply(graph, scheme, ranges);
        if (context.Model.Rounding == WeightRounding.Adaptive) notes.Add(new(AdaptiveRounding.Apply(graph, weights, context)));
        if (loss is null)
        {
            Correct();
            return;
        }

        Dictionary<Node, Tensor> seen = weights.Where(e => isSeen(e.Key)).ToDictionary();
        if (CompensatedRounding.Apply(graph, seen, Correct, loss, context) is { } note) notes.Add(new(note));

        void Correct() => BiasCorrection.Apply(graph, means, samples, context.Workers);
    }

    private static void ReportZeros(Graph graph, Dictionary<Value, ActivationStatistics> statistics, IDiagnosticSink diagnostics)
    {
        Value[] zeros = [.. graph.Inputs.Concat(graph.Values)
            .Where(v => statistics.TryGetValue(v, out var s) && s.Histogram is { Min: 0, Max: 0 }).Distinct()];
        if (zeros.Length > 0)
            diagnostics.Report(DataDiagnostics.AlwaysZero.At(
                null, zeros[0].Producer?.Label, zeros[0].Name, zeros.Length, statistics.Count));
    }

    /// <summary>Whether any layer is to run in int8 and there is data to calibrate it with.</summary>
    public static bool IsWanted(Graph graph, PassContext context) =>
        context.IsCalibrated && graph.Nodes.Any(n => IsInt8(n, context));

    private static bool IsInt8(Node node, PassContext context) =>
        context.QuantizationOf(node) == QuantizationMode.Int8;

    /// <summary>The range of each activation, found once.</summary>
    private sealed class Ranges(Graph graph, Dictionary<Value, ActivationStatistics> statistics, CalibrationMethod method)
    {
        private readonly Dictionary<Value, ValueRange> _known = [];

        public ValueRange Of(Value value)
        {
            if (_known.TryGetValue(value, out ValueRange range)) return range;
            return _known[value] = FlatRanges.Narrow(graph, value, statistics[value], Whole(value));
        }

        /// <summary>The range, be a function that reads the value flat at its ends or not.</summary>
        public ValueRange Whole(Value value) => RangeEstimator.Estimate(statistics[value], method);
    }
}
