using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Runtime.Threading;

namespace ModelOpt.Compiler.Training;

/// <summary>Trains a graph: batches in random order; for each, gradient, update, project.</summary>
internal sealed class Trainer
{
    private readonly TrainingSettings _settings;
    private readonly GradientTape _tape;
    private readonly LossTape _losses;
    private readonly WorkerPool? _pool;
    private readonly Dictionary<Value, (Node Node, int Position)> _readers = [];
    private readonly IReadOnlyList<TrainedRange> _ranges;
    private readonly Node[] _biased;
    private TrainedWeight[]? _weights;

    /// <summary>Prepares to train.</summary>
    /// <param name="graph">The graph; its constants are what is trained.</param>
    /// <param name="objectives">The objectives; training minimizes their sum.</param>
    /// <param name="pool">Threads, or null; the result does not depend on them.</param>
    /// <param name="batchStatistics">
    /// Whether BatchNormalization normalizes by the mean and variance of each batch, and those that it has follow; without, these stay.
    /// </param>
    public Trainer(
        Graph graph, TrainingSettings settings, IReadOnlyList<IObjective> objectives, WorkerPool? pool, bool batchStatistics = false)
    {
        (_settings, _pool) = (settings, pool);
        _ranges = TrainedRange.Of(graph, settings.Optimizer);
        _losses = new LossTape(graph, objectives, pool, batchStatistics)
        {
            Ranged = [.. _ranges.SelectMany(r => r.Values)],
            Forwarded = () => _weights ??= [.. _tape!.Parameters.Select(p => Started(p, isRestored: false))],
        };
        _tape = _losses.Tape;
        HashSet<Value> parameters = [.. _tape.Parameters];
        foreach (Node node in graph.Nodes)
        {
            for (int i = 0; i < node.Inputs.Count; i++)
            {
                if (node.Inputs[i] is { } value && parameters.Contains(value)) _readers.TryAdd(value, (node, i));
            }
        }

        _biased = [.. graph.Nodes.Where(n => n.InputOrNull(2)?.Quantization?.Type == ElementType.Int32)];
    }

    /// <summary>The trained parameters.</summary>
    public IReadOnlyList<Value> Parameters => _tape.Parameters;

    /// <summary>Nodes without a gradient that keep parameters before them from being trained.</summary>
    public IReadOnlyList<Node> Barriers => _tape.Barriers;

    /// <summary>Called before each step with its number, from 0; may change the constraints of parameters.</summary>
    public Action<int>? BeforeStep { get; init; }

    /// <summary>How many steps of a run are done; 0 again when it is.</summary>
    public int Done { get; private set; }

    /// <summary>How many steps an epoch has.</summary>
    public int StepsPerEpoch(int samples) => samples / Math.Min(_settings.BatchSize, samples);

    /// <summary>The numbers behind a parameter, as gradients moved them, without constraints and grids.</summary>
    /// <param name="parameter">One of <see cref="Parameters"/>.</param>
    public Tensor Behind(Value parameter)
    {
        int index = 0;
        while (_tape.Parameters[index] != parameter) index++;
        return _weights is null ? parameter.Constant! : _weights[index].Behind();
    }

    /// <summary>Writes or reads the progress and state of training; the caller sets the graph's constants before.</summary>
    public void Exchange(StateStream stream)
    {
        Done = stream.Int(Done);
        if (Done == 0) return;
        _weights ??= [.. _tape.Parameters.Select(p => Started(p, isRestored: true))];
        foreach (TrainedWeight weight in _weights) weight.Exchange(stream);
        foreach (TrainedRange range in _ranges) range.Exchange(stream);
    }

    /// <summary>Trains; resumes if state was read.</summary>
    /// <param name="stepped">Called after each step with the steps done, their number and the loss.</param>
    /// <param name="epochEnded">Called after each epoch with its number from 1, also those that were done before; training ends where it
    /// returns false.</param>
    /// <returns>Null, or where a loss was not finite: the step, and the first value that was not.</returns>
    public (int Step, string Value)? Run(
        TrainingSet data, IReadOnlyList<int> indices, Action<int, int, double> stepped, Func<int, bool> epochEnded,
        CancellationToken cancellation)
    {
        var random = new Random(_settings.Seed);
        int[] order = [.. indices];
        int batchSize = Math.Min(_settings.BatchSize, order.Length), perEpoch = StepsPerEpoch(order.Length),
            steps = perEpoch * _settings.Epochs;
        for (int step = 0; step < steps; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            if (step % perEpoch == 0) random.Shuffle(order);
            // Also draws for steps that an earlier run did, so that random choices continue there.
            ImageVariation[] variations = [
                .. Enumerable.Range(0, batchSize).Select(_ => ImageVariation.Of(_settings.Augmentation, _settings.Shift, random))];
            if (step >= Done)
            {
                int[] chosen = order.AsSpan(step % perEpoch * batchSize, batchSize).ToArray();
                if (Step(data.Batch(chosen, variations, _pool), step, steps, stepped, cancellation) is { } failed) return failed;
            }

            if (step % perEpoch == perEpoch - 1 && !epochEnded((step + 1) / perEpoch)) break;
        }

        Done = 0;
        return null;
    }

    /// <summary>Moves the weights by a batch; returns the first value that is not finite, with its step, where the loss is not.</summary>
    private (int Step, string Value)? Step(
        TrainingBatch batch, int step, int steps, Action<int, int, double> stepped, CancellationToken cancellation)
    {
        BeforeStep?.Invoke(step);
        // Optimizers start with how large the outputs of layers are.
        _tape.KeepsAll = _weights is null;
        (double loss, Tensor[] gradients) = _losses.Of(batch, cancellation);
        if (!double.IsFinite(loss))
        {
            _tape.KeepsAll = true;
            _losses.Of(batch, cancellation);
            return (step + 1, _tape.FirstNotFinite()?.Name ?? "the loss");
        }

        float rate = LearningRates.Of(_settings.Schedule, _settings.LearningRate, step, steps);
        new PlaneJob(_weights!.Length, i => _weights[i].Step(gradients[i], rate)).Run(_pool);
        foreach (TrainedRange range in _ranges)
            range.Step(range.Values.Aggregate(default(RangeGradient), (sum, v) => sum + _losses.RangeOf(v)), rate);
        foreach (Node node in _biased) WeightGrid.FollowBias(node);
        _tape.FollowStatistics();
        Done = step + 1;
        stepped(step + 1, steps, loss);
        return null;
    }

    /// <summary>A bias is measured by its layer's output, a weight by itself, per output channel if that axis comes first.</summary>
    private TrainedWeight Started(Value parameter, bool isRestored)
    {
        (Node node, int position) = _readers[parameter];
        bool isBias = position > 1 && !Operator.Of(node).Weights(node).Any(w => w.Input == position);
        bool isPerChannel = !isBias && Operator.Of(node).WeightAxis(node) == 0;
        return new TrainedWeight(parameter, isPerChannel, isBias && !isRestored ? _tape.RootMeanSquare(node.Output) : 0,
            _settings.Optimizer);
    }
}
