using System.Diagnostics;
using System.Globalization;
using ModelOpt.Compiler.Compilation;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Passes;
using ModelOpt.Runtime.Threading;

namespace ModelOpt.Compiler.Training;

/// <summary>How training went.</summary>
/// <param name="Began">How good the graph was before.</param>
/// <param name="Best">How good it is.</param>
/// <param name="BestEpoch">After which epoch it was so, from 1; 0 where none was better than the beginning.</param>
/// <param name="Last">How good it was at the end.</param>
/// <param name="Epochs">How many epochs were done.</param>
/// <param name="Failed">The step, from 1, and the first value that was not finite, where a loss was not.</param>
internal sealed record TrainingOutcome(
    TrainingScore Began, TrainingScore Best, int BestEpoch, TrainingScore Last, int Epochs, (int Step, string Value)? Failed);

/// <summary>
/// Trains a graph and judges it after each epoch, on samples that are not trained with. Of all epochs the best stays, which may be none; training
/// ends early where it has not become better for as many epochs as the settings allow.
/// </summary>
/// <param name="graph">The graph.</param>
/// <param name="settings">How it is trained.</param>
/// <param name="data">What with.</param>
/// <param name="judge">By what loss it is judged.</param>
/// <param name="context">Takes the progress; ends the work.</param>
/// <param name="pool">Threads; the result does not depend on them.</param>
internal sealed class TrainingLoop(
    Graph graph, TrainingSettings settings, TrainingData data, IObjective judge, PassContext context, WorkerPool pool)
{
    private TrainingScore began, best, last;
    private GraphState kept = new(graph);
    private int epochs, bestEpoch;

    /// <summary>Trains; the graph is at its best afterwards.</summary>
    /// <param name="trainer">The trainer of the graph.</param>
    /// <param name="phase">The name of the work, for the progress.</param>
    public TrainingOutcome Run(Trainer trainer, string phase)
    {
        began = best = last = Score();
        var time = Stopwatch.StartNew();
        (int Step, string Value)? failed = trainer.Run(
            data.Training, data.TrainingIndices,
            (step, steps, loss) => context.Progress?.Report(new CompileProgress(
                string.Create(CultureInfo.InvariantCulture, $"{phase} (loss {loss:G3}; {last})"), step, steps, time.Elapsed / step * (steps - step))),
            EpochEnded,
            context.Cancellation);
        kept.Restore();
        return new TrainingOutcome(began, best, bestEpoch, last, epochs, failed);
    }

    /// <summary>Judges the graph; false where training is to end.</summary>
    private bool EpochEnded()
    {
        last = Score();
        epochs++;
        if (last.IsBetterThan(best)) (best, bestEpoch, kept) = (last, epochs, new GraphState(graph));
        return epochs - bestEpoch < (settings.EarlyStop ?? int.MaxValue);
    }

    private TrainingScore Score() => TrainingScore.Of(
        graph, judge, data.Evaluation, data.EvaluationIndices, settings.BatchSize, pool, context.Cancellation);
}
