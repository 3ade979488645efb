using ModelOpt.Compiler.Compilation;
using ModelOpt.Compiler.Constraints;
using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Training;

/// <summary>
/// The values of a codebook of floats while they are trained: each moves by the sum of its members' gradients. Zero stays zero, and
/// none overtakes another.
/// </summary>
internal sealed class TrainedLevels
{
    private readonly float[][] numbers;
    private readonly float[] scales;
    private readonly Optimizer[] optimizers;

    /// <summary>Starts at a codebook.</summary>
    /// <param name="codebook">The codebook.</param>
    /// <param name="kind">How values follow their gradients.</param>
    public TrainedLevels(Codebook codebook, OptimizerKind kind)
    {
        Codebook = codebook;
        scales = [.. codebook.Levels.Select(l => l.Length == 0 ? 1 : MathF.Max(l.Max(MathF.Abs), float.Epsilon))];
        numbers = [.. codebook.Levels.Select((l, c) => Array.ConvertAll(l, x => x / scales[c]))];
        optimizers = [.. codebook.Levels.Select(l => Optimizer.Of(kind, l.Length))];
    }

    /// <summary>The codebook as it is by now.</summary>
    public Codebook Codebook { get; private set; }

    /// <summary>Moves the values one step.</summary>
    /// <param name="weight">The weight whose elements are such values, output channels first.</param>
    /// <param name="gradient">The gradient of each element.</param>
    /// <param name="rate">The learning rate.</param>
    public void Step(Tensor weight, ReadOnlySpan<float> gradient, float rate)
    {
        ReadOnlySpan<float> elements = weight.Span<float>();
        int perChannel = elements.Length / Math.Max(1, weight.Dims[0]);
        double[][] sums = Array.ConvertAll(numbers, n => new double[n.Length]);
        for (int i = 0; i < elements.Length; i++)
        {
            int channel = numbers.Length == 1 ? 0 : i / perChannel;
            sums[channel][NearestIndex(Codebook.Levels[channel], elements[i])] += gradient[i];
        }

        var levels = new float[numbers.Length][];
        for (int c = 0; c < numbers.Length; c++)
        {
            float[] slopes = [.. sums[c].Select((s, l) => numbers[c][l] == 0 ? 0 : (float)s * scales[c])];
            int zero = Array.IndexOf(numbers[c], 0);
            optimizers[c].Step(numbers[c], slopes, rate);
            if (zero >= 0) numbers[c][zero] = 0;
            for (int l = 0; l < zero; l++) numbers[c][l] = MathF.Min(numbers[c][l], 0);
            for (int l = 1; l < numbers[c].Length; l++) numbers[c][l] = MathF.Max(numbers[c][l], numbers[c][l - 1]);
            levels[c] = Array.ConvertAll(numbers[c], x => x * scales[c]);
        }

        Codebook = Codebook with { Levels = levels };
    }

    /// <summary>Writes the numbers behind the values and what optimizers remember, or reads them.</summary>
    /// <param name="stream">Where to.</param>
    public void Exchange(StateStream stream)
    {
        stream.Elements(scales.AsSpan());
        foreach (float[] of in numbers) stream.Elements(of.AsSpan());
        foreach (Optimizer optimizer in optimizers) optimizer.Exchange(stream);
    }

    private static int NearestIndex(float[] levels, float value)
    {
        int above = Array.BinarySearch(levels, value);
        if (above >= 0) return above;
        above = ~above;
        return above == 0 ? 0 : above == levels.Length ? above - 1
            : (double)value - levels[above - 1] <= (double)levels[above] - value ? above - 1 : above;
    }
}
