using ModelOpt.Compiler.Graphs;
using ModelOpt.Runtime.Threading;

namespace ModelOpt.Compiler.Training;

/// <summary>The function of some of the graph's values that training minimizes.</summary>
internal interface IObjective
{
    /// <summary>The values that it looks at.</summary>
    IReadOnlyList<Value> Values { get; }

    /// <summary>The loss of a batch, and its gradients.</summary>
    /// <param name="computed">What the model computed for each of <see cref="Values"/>.</param>
    /// <returns>The mean over the samples, and a gradient for each of <see cref="Values"/>.</returns>
    (double Loss, Tensor[] Gradients) Evaluate(ReadOnlySpan<Tensor> computed, TrainingBatch batch, CancellationToken cancellation);
}

/// <summary>Cross-entropy of class scores with the labels.</summary>
/// <param name="scores">The scores before their softmax, [N, classes].</param>
internal sealed class LabelObjective(Value scores) : IObjective
{
    public IReadOnlyList<Value> Values { get; } = [scores];

    public (double Loss, Tensor[] Gradients) Evaluate(ReadOnlySpan<Tensor> computed, TrainingBatch batch, CancellationToken cancellation)
    {
        (double loss, Tensor gradient) = ClassLosses.CrossEntropy(computed[0], batch.Labels);
        return (loss, [gradient]);
    }
}

/// <summary>The mean squared error of an output from the targets.</summary>
/// <param name="pool">Threads, or null.</param>
internal sealed class TargetObjective(Value output, WorkerPool? pool) : IObjective
{
    public IReadOnlyList<Value> Values { get; } = [output];

    public (double Loss, Tensor[] Gradients) Evaluate(ReadOnlySpan<Tensor> computed, TrainingBatch batch, CancellationToken cancellation)
    {
        (double loss, Tensor gradient) = SquaredError.Mean(computed[0], batch.Targets!, pool);
        return (loss, [gradient]);
    }
}

/// <summary>Where a classifier's scores are.</summary>
internal static class ClassScores
{
    /// <summary>The scores before the softmax that a graph ends in, or else its first output.</summary>
    public static Value Of(Graph graph, out bool isSoftmax)
    {
        Value output = graph.Outputs[0];
        isSoftmax = output is { Producer: { Type: "Softmax" } softmax, Shape.Rank: 2 } && softmax.Int("axis", -1) is -1 or 1;
        return isSoftmax ? output.Producer!.Input(0) : output;
    }

    /// <summary>The class that scores speak for: the first of the largest; −1 where none is a number.</summary>
    public static int Best(ReadOnlySpan<float> scores)
    {
        int best = -1;
        for (int i = 0; i < scores.Length; i++)
        {
            if (!float.IsNaN(scores[i]) && (best < 0 || scores[i] > scores[best])) best = i;
        }

        return best;
    }
}
