using System.Globalization;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Interpretation;
using ModelOpt.Runtime.Threading;

namespace ModelOpt.Compiler.Training;

/// <summary>How good a model is: the share of samples whose class it finds where they have labels, and its loss.</summary>
/// <param name="Right">How many classes are right; null without labels.</param>
/// <param name="Samples">How many samples were judged.</param>
internal readonly record struct TrainingScore(double Loss, int? Right, int Samples)
{
    // An interpreter allocates its results: with few samples at a time they are collected before they are many.
    private const int MostTogether = 16;

    /// <summary>Whether it is better: more classes are right, or as many and the loss is less.</summary>
    public bool IsBetterThan(TrainingScore other) =>
        Right == other.Right ? Loss < other.Loss : Right > other.Right;

    /// <summary>Writes the score, or reads one.</summary>
    public TrainingScore Exchange(StateStream stream)
    {
        double loss = stream.Double(Loss);
        int right = stream.Int(Right ?? -1);
        return new(loss, right < 0 ? null : right, stream.Int(Samples));
    }

    /// <summary>Judges a graph as it will be emitted: layers with annotations compute on the integers.</summary>
    /// <param name="batchSize">Samples that run together, where the graph takes more than one.</param>
    /// <param name="pool">Threads, or null.</param>
    public static TrainingScore Of(
        Graph graph, IObjective objective, TrainingSet data, IReadOnlyList<int> indices, int batchSize, WorkerPool? pool,
        CancellationToken cancellation)
    {
        batchSize = graph.Inputs.Exists(i => i.Shape is { Rank: > 0, IsBatchOpen: false }) ? 1 : Math.Min(batchSize, MostTogether);
        Interpreter interpreter = new(graph, [.. objective.Values, graph.Outputs[0]]) { FakeQuantize = true, Pool = pool };
        double loss = 0;
        int right = 0;
        for (int first = 0; first < indices.Count; first += batchSize)
        {
            int[] chosen = [.. indices.Skip(first).Take(batchSize)];
            TrainingBatch batch = data.Batch(chosen, pool);
            Tensor[] computed = interpreter.Run(batch.Inputs, cancellation);
            loss += objective.Evaluate(computed.AsSpan(0, computed.Length - 1), batch, cancellation).Loss * chosen.Length;
            for (int i = 0; i < batch.Labels.Length; i++)
            {
                int classes = computed[^1].Count / chosen.Length;
                if (ClassScores.Best(computed[^1].Span<float>().Slice(i * classes, classes)) == batch.Labels[i]) right++;
            }
        }

        return new(loss / indices.Count, data.HasLabels ? right : null, indices.Count);
    }

    public override string ToString() => Right is { } right
        ? string.Create(CultureInfo.InvariantCulture, $"{100.0 * right / Samples:F2} % right, loss {Loss:G4}")
        : string.Create(CultureInfo.InvariantCulture, $"loss {Loss:G4}");
}
