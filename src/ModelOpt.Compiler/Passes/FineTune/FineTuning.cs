using System.Globalization;
using ModelOpt.Compiler.Compilation;
using ModelOpt.Compiler.Constraints;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Training;
using ModelOpt.Runtime.Threading;

namespace ModelOpt.Compiler.Passes.FineTune;

/// <summary>
/// Trains the compressed model back, with the float model as teacher and perhaps labels. Whatever weights must satisfy (zeros,
/// clusters, integers) they satisfy in every step, as values are rounded to their grids in every step: what is emitted is what was
/// trained. Of all epochs the best stays, judged on samples that are not trained with; where none is better than the beginning, that.
/// </summary>
internal sealed class FineTuning : Pass
{
    /// <inheritdoc/>
    public override PassPhase Phase => PassPhase.FineTune;

    /// <inheritdoc/>
    public override PassResult Apply(Graph graph, PassContext context)
    {
        FineTuneMode mode = context.Model.FineTune ?? FineTuneMode.None;
        if (mode == FineTuneMode.None) return PassResult.Of(0);
        Value? closed = graph.Inputs.Find(i => i.Shape is not { Rank: > 0 } shape || shape[0].IsKnown);
        if (closed is not null)
        {
            context.Diagnostics.Report(FineTuningDiagnostics.OneSample.At(null, null, closed.Name, closed.Shape?[0].Size));
            return PassResult.Of(0);
        }

        using FineTuningData data = FineTuningData.Open(graph, context, mode);
        TrainingSettings settings = TrainingSettings.Of(context.Model);
        using WorkerPool pool = new(Environment.ProcessorCount);
        DistillationObjective teacher = new(graph, context.Reference!, data.AreClasses, pool);
        IObjective[] objectives = mode == FineTuneMode.Labels ? [teacher, new LabelObjective(ClassScores.Of(graph, out _))] : [teacher];
        Trainer trainer = new(graph, settings, objectives, pool);
        foreach (Node barrier in trainer.Barriers)
            context.Diagnostics.Report(FineTuningDiagnostics.Frozen.At(null, barrier.Label, barrier.Type));
        if (trainer.Parameters.Count == 0)
        {
            context.Diagnostics.Report(FineTuningDiagnostics.NothingToTrain.At(null, null));
            return PassResult.Of(0);
        }

        return Train(graph, context, trainer, settings.BatchSize, data, teacher, pool);
    }

    private static PassResult Train(
        Graph graph, PassContext context, Trainer trainer, int batchSize, FineTuningData data, IObjective judge, WorkerPool pool)
    {
        TrainingScore began = Score(), best = began, last = began;
        (Tensor, WeightConstraints?)[] kept = Weights();
        int epoch = 0, bestEpoch = 0;
        (int Step, string Value)? failed = trainer.Run(
            data.Training, data.TrainingIndices,
            (step, steps, loss) => context.Progress?.Report(new CompileProgress(
                string.Create(CultureInfo.InvariantCulture, $"fine-tune (loss {loss:G3}; {last})"), step, steps)),
            () =>
            {
                last = Score();
                epoch++;
                if (!last.IsBetterThan(best)) return;
                (best, bestEpoch, kept) = (last, epoch, Weights());
            },
            context.Cancellation);
        foreach ((Value parameter, (Tensor constant, WeightConstraints? constraints)) in trainer.Parameters.Zip(kept))
            (parameter.Constant, parameter.Constraints) = (constant, constraints);
        if (failed is { } at) context.Diagnostics.Report(FineTuningDiagnostics.NotFinite.At(null, null, at.Step, epoch + 1, at.Value));
        if (bestEpoch == 0)
        {
            context.Diagnostics.Report(FineTuningDiagnostics.NotKept.At(null, null, last, began));
            return new PassResult(0, [$"fine-tuning: not kept: {began} at the start, {last} at the end"]);
        }

        return new PassResult(trainer.Parameters.Count, [$"fine-tuning: {began} at the start, {best} after epoch {bestEpoch}, which was kept"]);

        TrainingScore Score() =>
            TrainingScore.Of(graph, judge, data.Evaluation, data.EvaluationIndices, batchSize, pool, context.Cancellation);

        (Tensor, WeightConstraints?)[] Weights() => [.. trainer.Parameters.Select(p => (p.Constant!, p.Constraints))];
    }
}
