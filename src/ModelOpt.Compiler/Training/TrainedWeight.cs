using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Training;

/// <summary>
/// A parameter in training. Gradients are taken at the projected weights and move the numbers behind them (straight-through); projecting
/// these onto the constraints and the grid gives the parameter again. Values of a codebook move too.
/// </summary>
internal sealed class TrainedWeight
{
    // Tiny slices would never move.
    private const double LeastOfAll = 0.01;

    private readonly Value value;
    private readonly float[] numbers;
    private readonly float[] scaledGradient;
    private readonly float[] scales;
    private readonly int perSlice;
    private readonly Optimizer optimizer;
    private readonly TrainedLevels? levels;

    /// <summary>Starts at the parameter's value.</summary>
    /// <param name="value">The parameter, a float32 constant.</param>
    /// <param name="isPerChannel">Whether axis 0 counts output channels, each of a size of its own.</param>
    /// <param name="size">What a number's change is measured by; 0 for the root mean square of the parameter's own.</param>
    /// <param name="kind">How it follows its gradients.</param>
    public TrainedWeight(Value value, bool isPerChannel, double size, OptimizerKind kind)
    {
        this.value = value;
        Tensor tensor = value.Constant!;
        numbers = tensor.Span<float>().ToArray();
        scaledGradient = new float[numbers.Length];
        int slices = isPerChannel && tensor.Rank > 1 ? Math.Max(1, tensor.Dims[0]) : 1;
        perSlice = numbers.Length / slices;
        double all = size > 0 ? size : Rms(numbers);
        if (all == 0) all = 1;
        scales = [.. Enumerable.Range(0, slices).Select(s => (float)(size > 0 ? size
            : Math.Max(Rms(numbers.AsSpan(s * perSlice, perSlice)), LeastOfAll * all)))];
        for (int i = 0; i < numbers.Length; i++) numbers[i] /= scales[i / Math.Max(1, perSlice)];
        optimizer = Optimizer.Of(kind, numbers.Length);
        levels = TrainedLevels.Of(value.Constraints, kind);
    }

    /// <summary>Moves the parameter one step.</summary>
    /// <param name="gradient">Its gradient.</param>
    /// <param name="rate">The learning rate.</param>
    public void Step(Tensor gradient, float rate)
    {
        ReadOnlySpan<float> given = gradient.Span<float>();
        WeightConstraints? constraints = value.Constraints;
        if (levels is not null) value.Constraints = constraints = levels.Step(value.Constant!, given, rate);
        for (int i = 0; i < numbers.Length; i++) scaledGradient[i] = given[i] * scales[i / perSlice];
        optimizer.Step(numbers, scaledGradient, rate);
        Tensor moved = Behind();
        if (value.Quantization is { Type: ElementType.Int8 } grid) Bound(moved.Span<float>(), grid, moved.Dims);
        Tensor satisfied = constraints?.Project(moved) ?? moved;
        value.Constant = value.Quantization?.Round(satisfied) ?? satisfied;
    }

    /// <summary>The numbers behind the parameter.</summary>
    public Tensor Behind()
    {
        Tensor result = Tensor.Zeros(ElementType.Float32, value.Constant!.Dims);
        Span<float> target = result.Span<float>();
        for (int i = 0; i < target.Length; i++) target[i] = numbers[i] * scales[i / perSlice];
        return result;
    }

    /// <summary>Writes or reads the numbers behind the parameter and the optimizers' state.</summary>
    /// <param name="stream">Where to.</param>
    public void Exchange(StateStream stream)
    {
        stream.Elements(scales.AsSpan());
        stream.Elements(numbers.AsSpan());
        optimizer.Exchange(stream);
        levels?.Exchange(stream);
    }

    /// <summary>Keeps the numbers where the grid has integers, so that they do not run away from it.</summary>
    private void Bound(Span<float> moved, Quantization grid, ReadOnlySpan<int> dims)
    {
        int runLength = grid.RunLength(dims);
        for (int i = 0; i < moved.Length; i++)
        {
            float largest = WeightGrid.MaxWeight * grid.ScaleOf(i, runLength);
            if (MathF.Abs(moved[i]) <= largest) continue;
            moved[i] = Math.Clamp(moved[i], -largest, largest);
            numbers[i] = moved[i] / scales[i / perSlice];
        }
    }

    private static double Rms(ReadOnlySpan<float> x)
    {
        double sum = 0;
        foreach (float element in x) sum += (double)element * element;
        return Math.Sqrt(sum / Math.Max(1, x.Length));
    }
}
