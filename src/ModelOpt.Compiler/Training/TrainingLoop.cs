using System.Diagnostics;
using System.Globalization;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Options;

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
/// Trains a graph and judges each epoch on samples that are not trained with. Keeps the best epoch, or the starting weights if none
/// improves. Stops early after as many epochs without improvement as the settings allow. Writes the checkpoint that the options name
/// after each epoch, each minute, and on cancellation.
/// </summary>
internal sealed class TrainingLoop
{
    private static readonly TimeSpan SaveInterval = TimeSpan.FromMinutes(1);

    private readonly Graph graph;
    private readonly Trainer trainer;
    private readonly TrainingSettings settings;
    private readonly TrainingData data;
    private readonly IObjective judge;
    private readonly PassContext context;
    private readonly GraphState origin;
    private TrainingScore began, best, last;
    private GraphState kept;
    private int epochs, bestEpoch;

    /// <summary>Prepares to train.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="trainer">Its trainer.</param>
    /// <param name="settings">The trainer's settings.</param>
    /// <param name="data">The samples that train and judge it.</param>
    /// <param name="judge">The loss that judges it.</param>
    /// <param name="context">Names the checkpoint, takes the progress, has the threads, ends the work.</param>
    public TrainingLoop(
        Graph graph, Trainer trainer, TrainingSettings settings, TrainingData data, IObjective judge, PassContext context)
    {
        (this.graph, this.trainer, this.settings, this.data) = (graph, trainer, settings, data);
        (this.judge, this.context) = (judge, context);
        origin = kept = new GraphState(graph);
    }

    /// <summary>
    /// The first epoch with the final sparsity; neither an earlier epoch nor the start can be the best. 0: the start can.
    /// </summary>
    public int FirstEpoch { get; init; }

    /// <summary>Trains; the graph is at its best afterwards.</summary>
    /// <param name="phase">The name of the work, for the progress.</param>
    public TrainingOutcome Run(string phase)
    {
        Checkpoint? checkpoint = Checkpoint.Of(graph, context, phase);
        if (checkpoint?.Load(Exchange) != true) began = best = last = Score();
        int resumed = trainer.Done;
        Stopwatch time = Stopwatch.StartNew(), unsaved = Stopwatch.StartNew();
        (int Step, string Value)? failed;
        try
        {
            failed = trainer.Run(data.Training, data.TrainingIndices, Stepped, EpochEnded, context.Cancellation);
        }
        catch (OperationCanceledException)
        {
            checkpoint?.Save(Exchange);
            throw;
        }

        // Nothing that would be worth going on with.
        if (failed is not null || bestEpoch == 0) checkpoint?.Delete();
        kept.Restore();
        return new TrainingOutcome(began, best, bestEpoch, last, epochs, failed);

        void Stepped(int step, int steps, double loss)
        {
            context.Progress?.Report(new CompileProgress(
                string.Create(CultureInfo.InvariantCulture, $"{phase} (loss {loss:G3}; {last})"), step, steps,
                time.Elapsed / (step - resumed) * (steps - step)));
            if (unsaved.Elapsed > SaveInterval) Save();
        }

        bool EpochEnded(int epoch)
        {
            if (epoch > epochs)
            {
                last = Score();
                epochs = epoch;
                if (epoch >= FirstEpoch && (bestEpoch < FirstEpoch || last.IsBetterThan(best))) (best, bestEpoch, kept) = (last, epoch, new GraphState(graph));
                Save();
            }

            return epochs - Math.Max(bestEpoch, FirstEpoch) < (settings.EarlyStop ?? int.MaxValue);
        }

        void Save()
        {
            checkpoint?.Save(Exchange);
            unsaved.Restart();
        }
    }

    private TrainingScore Score() => TrainingScore.Of(
        graph, judge, data.Evaluation, data.EvaluationIndices, settings.BatchSize, context.Pool, context.Cancellation);

    /// <summary>Writes all that the result depends on from here on, or reads it.</summary>
    private void Exchange(StateStream stream)
    {
        (began, best, last) = (began.Exchange(stream), best.Exchange(stream), last.Exchange(stream));
        (epochs, bestEpoch) = (stream.Int(epochs), stream.Int(bestEpoch));
        kept = kept.Exchange(stream, origin);
        new GraphState(graph).Exchange(stream, origin).Restore();
        trainer.Exchange(stream);
    }
}
