using ModelOpt.Compiler.Graphs;
using ModelOpt.Runtime.Threading;

namespace ModelOpt.Compiler.Training;

/// <summary>
/// The loss of a batch, and its gradients, whatever number of samples the graph takes at a time: where it takes fewer than the batch has,
/// these come one after the other, and gradients add up.
/// </summary>
internal sealed class LossTape
{
    private readonly IReadOnlyList<IObjective> _objectives;
    private readonly Dictionary<Value, RangeGradient> _ranges = [];

    /// <summary>Prepares a graph.</summary>
    /// <param name="pool">Threads, or null; results do not depend on them.</param>
    /// <param name="batchStatistics">Whether BatchNormalization normalizes by statistics of the batch.</param>
    public LossTape(Graph graph, IReadOnlyList<IObjective> objectives, WorkerPool? pool, bool batchStatistics = false)
    {
        _objectives = objectives;
        Tape = new GradientTape(graph, [.. objectives.SelectMany(o => o.Values)], batchStatistics) { Pool = pool };
    }

    /// <summary>Runs the graph; it holds the last samples of a batch.</summary>
    public GradientTape Tape { get; }

    /// <summary>Activations whose ranges need gradients.</summary>
    public IReadOnlyList<Value> Ranged { get => Tape.Ranged; init => Tape.Ranged = value; }

    /// <summary>Called when samples were run forward, before the way back.</summary>
    public Action? Forwarded { get; init; }

    /// <summary>The loss of a batch, and the gradients of the tape's parameters.</summary>
    /// <returns>The mean over the samples. Gradients are valid until the next batch; there are none if the loss is not finite.</returns>
    public (double Loss, Tensor[] Gradients) Of(TrainingBatch batch, CancellationToken cancellation)
    {
        _ranges.Clear();
        int samples = batch.Inputs[0].Dims[0];
        if (samples <= Tape.MostSamples) return Run(batch, cancellation);
        double loss = 0;
        Tensor[] sums = [.. Tape.Parameters.Select(p => Tensor.Zeros(ElementType.Float32, p.Constant!.Dims))];
        for (int first = 0; first < samples; first += Tape.MostSamples)
        {
            int count = Math.Min(Tape.MostSamples, samples - first);
            float share = (float)count / samples;
            (double part, Tensor[] gradients) = Run(batch.Slice(first, count), cancellation, share);
            loss += part * share;
            if (!double.IsFinite(loss)) return (loss, []);
            for (int i = 0; i < sums.Length; i++)
            {
                ReadOnlySpan<float> from = gradients[i].Span<float>();
                Span<float> to = sums[i].Span<float>();
                for (int e = 0; e < to.Length; e++) to[e] += share * from[e];
            }
        }

        return (loss, sums);
    }

    /// <summary>The gradient of the range of one of <see cref="Ranged"/> in the last batch.</summary>
    public RangeGradient RangeOf(Value value) => _ranges.GetValueOrDefault(value);

    private (double Loss, Tensor[] Gradients) Run(TrainingBatch batch, CancellationToken cancellation, float share = 1)
    {
        Tensor[] computed = Tape.Forward(batch.Inputs, cancellation);
        var gradients = new Tensor[computed.Length];
        double loss = 0;
        for (int o = 0, first = 0; o < _objectives.Count; first += _objectives[o++].Values.Count)
        {
            int count = _objectives[o].Values.Count;
            (double part, Tensor[] own) = _objectives[o].Evaluate(computed.AsSpan(first, count), batch, cancellation);
            loss += part;
            own.CopyTo(gradients, first);
        }

        Forwarded?.Invoke();
        if (!double.IsFinite(loss)) return (loss, []);
        Tensor[] result = Tape.Backward(gradients, cancellation);
        foreach (Value value in Ranged) _ranges[value] = _ranges.GetValueOrDefault(value) + (Tape.RangeGradient(value) * share);
        return (loss, result);
    }
}
