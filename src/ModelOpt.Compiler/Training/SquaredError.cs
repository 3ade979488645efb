using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Runtime.Threading;

namespace ModelOpt.Compiler.Training;

/// <summary>Squared errors with their gradients, summed in the order of the elements whatever the threads.</summary>
internal static class SquaredError
{
    /// <summary>The squared error relative to the target: Σ(y − t)² / Σt², so that values of any size count alike.</summary>
    /// <param name="computed">float32.</param>
    /// <param name="wanted">float32 of the same shape.</param>
    /// <param name="pool">Threads, or null.</param>
    public static LossGradient Of(Tensor computed, Tensor wanted, WorkerPool? pool) => Of(computed, wanted, false, pool);

    /// <summary>The mean over all elements: Σ(y − t)² / n.</summary>
    /// <param name="computed">float32.</param>
    /// <param name="wanted">float32 of the same shape.</param>
    /// <param name="pool">Threads, or null.</param>
    public static LossGradient Mean(Tensor computed, Tensor wanted, WorkerPool? pool) => Of(computed, wanted, true, pool);

    private static LossGradient Of(Tensor computed, Tensor wanted, bool isMean, WorkerPool? pool)
    {
        Tensor gradient = Tensor.Zeros(ElementType.Float32, computed.Dims);
        double error = 0, size = 0;
        foreach ((double Error, double Size) part in Sums(computed, wanted, pool))
        {
            error += part.Error;
            size += part.Size;
        }

        if (isMean) size = computed.Count;
        if (size == 0) return new(error, gradient);
        float factor = (float)(2 / size);
        ElementRanges.Run(computed.Count, pool, (start, length) =>
        {
            ReadOnlySpan<float> y = computed.Span<float>().Slice(start, length), t = wanted.Span<float>().Slice(start, length);
            Span<float> g = gradient.Span<float>().Slice(start, length);
            for (int i = 0; i < g.Length; i++) g[i] = factor * (y[i] - t[i]);
        });
        return new(error / size, gradient);
    }

    private static (double Error, double Size)[] Sums(Tensor computed, Tensor wanted, WorkerPool? pool)
    {
        var sums = new (double Error, double Size)[ElementRanges.Count(computed.Count)];
        ElementRanges.Run(computed.Count, pool, (start, length) =>
        {
            ReadOnlySpan<float> y = computed.Span<float>().Slice(start, length), t = wanted.Span<float>().Slice(start, length);
            double error = 0, size = 0;
            for (int i = 0; i < y.Length; i++)
            {
                double difference = (double)y[i] - t[i];
                error += difference * difference;
                size += (double)t[i] * t[i];
            }

            sums[start / ElementRanges.Length] = (error, size);
        });
        return sums;
    }
}
