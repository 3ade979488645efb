using ModelOpt.Compiler.Calibration;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Options;
using ModelOpt.Compiler.Training;

namespace ModelOpt.Compiler.Techniques.Quantize;

/// <summary>
/// Learns which elements of int8 weights to round down and which up, so that layers come nearest to the float model's on the calibration
/// data (AdaRound, Nagel et al., "Up or Down? Adaptive Rounding for Post-Training Quantization", 2020). All layers learn
/// at once, each block from its own result (Li et al., "BRECQ", 2021). Keeps the nearest integers where learning does not improve on them.
/// </summary>
internal static class AdaptiveRounding
{
    /// <summary>How many steps it learns in, unless options say another number.</summary>
    public const int DefaultSteps = 1000;

    private const int BatchSize = 32, JudgedSamples = 256;
    private const float Rate = 0.03f;

    // β falls along half a cosine from the first value to the last, after a share of the steps without any pull to integers.
    private const double FirstExponent = 20, LastExponent = 2, FreeShare = 0.2;

    /// <summary>
    /// Learns the rounding of an annotated graph's weights; those with a codebook have integers that were chosen otherwise.
    /// </summary>
    /// <param name="exact">The weights before they were rounded, by layer.</param>
    /// <param name="context">The calibration data, the float model and the options.</param>
    /// <returns>A summary in words.</returns>
    public static string Apply(Graph graph, IReadOnlyDictionary<Node, Tensor> exact, PassContext context)
    {
        CompileOptions options = context.Options;
        if (TrainingSet.FixedBatch(graph) is not null) return "rounding: the model takes several samples at a time";
        using TrainingSet data = new(graph, options, nameof(options.CalibrationData), options.CalibrationData, null);
        CalibrationSamples usable = CalibrationSamples.Of(data.Count, options, context.Model);
        int[] samples = usable.Spread(Math.Min(usable.Count, options.CalibrationSamples));
        DistillationObjective teacher = new(graph, context.Reference!, areClasses: false, context.Model, context.Pool);
        TrainingScore before = Score();
        (Node Node, Value Weight, Tensor Nearest)[] layers = [.. exact.Keys
            .Where(n => n.Input(1) is { Quantization.Type: ElementType.Int8 } weight && weight.Constraints?.Codebook is null)
            .DistinctBy(n => n.Input(1)).Select(n => (n, n.Input(1), n.Input(1).Constant!))];
        Dictionary<Value, SoftRounding> weights = layers.ToDictionary(l => l.Weight, l => new SoftRounding(l.Weight, exact[l.Node]));
        try
        {
            Learn(graph, weights, teacher, data, samples, context);
        }
        finally
        {
            foreach (SoftRounding weight in weights.Values) weight.Harden();
        }

        TrainingScore after = Score();
        bool isBetter = after.IsBetterThan(before);
        foreach ((_, Value weight, Tensor nearest) in layers)
        {
            if (!isBetter) weight.Constant = nearest;
        }

        return $"rounding: {before} to the nearest integers, {after} as learnt{(isBetter ? "" : ", which was not kept")}";

        TrainingScore Score() => TrainingScore.Of(
            graph, teacher, data, [.. samples.Take(JudgedSamples)], BatchSize, context.Pool, context.Cancellation);
    }

    private static void Learn(
        Graph graph, Dictionary<Value, SoftRounding> weights, DistillationObjective teacher, TrainingSet data, int[] samples,
        PassContext context)
    {
        LossTape losses = new(graph, [teacher], context.Pool);
        IReadOnlyList<Value> parameters = losses.Tape.Parameters;
        Random random = new(context.Model.Seed ?? 0);
        int steps = context.Model.RoundingSteps ?? DefaultSteps, batch = Math.Min(BatchSize, samples.Length);
        for (int step = 0; step < steps; step++)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            context.Progress?.Report(new CompileProgress("round", step, steps));
            // The next of the samples in random order, which is another one each time they are through.
            if (step % (samples.Length / batch) == 0) random.Shuffle(samples);
            TrainingBatch chosen = data.Batch(samples.AsSpan(step % (samples.Length / batch) * batch, batch), context.Pool);
            (double loss, Tensor[] gradients) = losses.Of(chosen, context.Cancellation);
            if (!double.IsFinite(loss)) break;
            double done = (((double)step / steps) - FreeShare) / (1 - FreeShare);
            // In float32, which cuts off the last bit of a cosine, in which machines differ.
            float? exponent = done < 0 ? null : (float)LearningRates.Between(LastExponent, FirstExponent, done);
            new PlaneJob(parameters.Count, i =>
            {
                if (weights.TryGetValue(parameters[i], out SoftRounding? weight)) weight.Step(gradients[i], Rate, exponent);
            }).Run(context.Pool);
        }

        context.Progress?.Report(new CompileProgress("round", steps, steps));
    }
}
