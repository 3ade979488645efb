using System.Diagnostics;
using System.Globalization;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Training;

/// <summary>How training went.</summary>
/// <param name="Began">How good the graph was before.</param>
/// <param name="BestEpoch">After which epoch it was so, from 1; 0 where none was better than the beginning.</param>
/// <param name="Last">How good it was at the end.</param>
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

    private readonly Graph _graph;
    private readonly Trainer _trainer;
    private readonly TrainingSettings _settings;
    private readonly TrainingData _data;
    private readonly IObjective _judge;
    private readonly PassContext _context;
    private readonly GraphState _origin;
    private TrainingScore _began, _best, _last;
    private GraphState _kept;
    private int _epochs, _bestEpoch;

    /// <summary>Prepares to train.</summary>
    /// <param name="data">The samples that train and judge it.</param>
    /// <param name="context">Names the checkpoint, takes the progress, has the threads, ends the work.</param>
    public TrainingLoop(
        Graph graph, Trainer trainer, TrainingSettings settings, TrainingData data, IObjective judge, PassContext context)
    {
        (_graph, _trainer, _settings, _data) = (graph, trainer, settings, data);
        (_judge, _context) = (judge, context);
        _origin = _kept = new GraphState(graph);
    }

    /// <summary>
    /// The first epoch with the final sparsity; neither an earlier epoch nor the start can be the best. 0: the start can.
    /// </summary>
    public int FirstEpoch { get; init; }

    /// <summary>Trains; the graph is at its best afterwards.</summary>
    /// <param name="phase">The name of the work, for the progress.</param>
    public TrainingOutcome Run(string phase)
    {
        Checkpoint? checkpoint = Checkpoint.Of(_graph, _context, phase);
        if (checkpoint?.Load(Exchange) != true) _began = _best = _last = Score();
        int resumed = _trainer.Done;
        Stopwatch time = Stopwatch.StartNew(), unsaved = Stopwatch.StartNew();
        (int Step, string Value)? failed;
        try
        {
            failed = _trainer.Run(_data.Training, _data.TrainingIndices, Stepped, EpochEnded, _context.Cancellation);
        }
        catch (OperationCanceledException)
        {
            checkpoint?.Save(Exchange);
            throw;
        }

        // Nothing that would be worth going on with.
        if (failed is not null || _bestEpoch == 0) checkpoint?.Delete();
        _kept.Restore();
        return new TrainingOutcome(_began, _best, _bestEpoch, _last, _epochs, failed);

        void Stepped(int step, int steps, double loss)
        {
            _context.Progress?.Report(new CompileProgress(
                string.Create(CultureInfo.InvariantCulture, $"{phase} (loss {loss:G3}; {_last})"), step, steps,
                time.Elapsed / (step - resumed) * (steps - step)));
            if (unsaved.Elapsed > SaveInterval) Save();
        }

        bool EpochEnded(int epoch)
        {
            if (epoch > _epochs)
            {
                _last = Score();
                _epochs = epoch;
                if (epoch >= FirstEpoch && (_bestEpoch < FirstEpoch || _last.IsBetterThan(_best)))
                    (_best, _bestEpoch, _kept) = (_last, epoch, new GraphState(_graph));
                Save();
            }

            return _epochs - Math.Max(_bestEpoch, FirstEpoch) < (_settings.EarlyStop ?? int.MaxValue);
        }

        void Save()
        {
            checkpoint?.Save(Exchange);
            unsaved.Restart();
        }
    }

    private TrainingScore Score() => TrainingScore.Of(
        _graph, _judge, _data.Evaluation, _data.EvaluationIndices, _settings.BatchSize, _context.Pool, _context.Cancellation);

    /// <summary>Writes all that the result depends on from here on, or reads it.</summary>
    private void Exchange(StateStream stream)
    {
        (_began, _best, _last) = (_began.Exchange(stream), _best.Exchange(stream), _last.Exchange(stream));
        (_epochs, _bestEpoch) = (stream.Int(_epochs), stream.Int(_bestEpoch));
        _kept = _kept.Exchange(stream, _origin);
        new GraphState(_graph).Exchange(stream, _origin).Restore();
        _trainer.Exchange(stream);
    }
}
