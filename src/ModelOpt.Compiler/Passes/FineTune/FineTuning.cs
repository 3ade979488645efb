using ModelOpt.Compiler.Compilation;
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

        using TrainingData data = TrainingData.Open(graph, context.Options, context.Model);
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

        TrainingOutcome outcome = new TrainingLoop(graph, trainer, settings, data, teacher, context, pool).Run("fine-tune");
        if (outcome.Failed is { } at)
            context.Diagnostics.Report(FineTuningDiagnostics.NotFinite.At(null, null, at.Step, outcome.Epochs + 1, at.Value));
        if (outcome.BestEpoch > 0)
        {
            return new PassResult(
                trainer.Parameters.Count, [$"fine-tuning: {outcome.Began} at the start, {outcome.Best} after epoch {outcome.BestEpoch}, which was kept"]);
        }

        if (outcome.Failed is null) context.Diagnostics.Report(FineTuningDiagnostics.NotKept.At(null, null, outcome.Last, outcome.Began));
        return new PassResult(0, [$"fine-tuning: not kept: {outcome.Began} at the start, {outcome.Last} at the end"]);
    }
}
