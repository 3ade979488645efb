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

    private readonly Value _value;
    private readonly float[] _numbers;
    private readonly float[] _scaledGradient;
    private readonly float[] _scales;
    private readonly int _perSlice;
    private readonly Optimizer _optimizer;
    private readonly TrainedLevels? _levels;

    /// <summary>Starts at the parameter's value.</summary>
    /// <param name="value">The parameter, a float32 constant.</param>
    /// <param name="isPerChannel">Whether axis 0 counts output channels, each of a size of its own.</param>
    /// <param name="size">What a number's change is measured by; 0 for the root mean square of the parameter's own.</param>
    public TrainedWeight(Value value, bool isPerChannel, double size, OptimizerKind kind)
    {
        _value = value;
        Tensor tensor = value.Constant!;
        _numbers = tensor.Span<float>().ToArray();
        _scaledGradient = new float[_numbers.Length];
        int slices = isPerChannel && tensor.Rank > 1 ? Math.Max(1, tensor.Dims[0]) : 1;
        _perSlice = _numbers.Length / slices;
        double all = size > 0 ? size : Rms(_numbers);
        if (all == 0) all = 1;
        _scales = [.. Enumerable.Range(0, slices).Select(s => (float)(size > 0 ? size
            : Math.Max(Rms(_numbers.AsSpan(s * _perSlice, _perSlice)), LeastOfAll * all)))];
        for (int i = 0; i < _numbers.Length; i++) _numbers[i] /= _scales[i / Math.Max(1, _perSlice)];
        _optimizer = Optimizer.Of(kind, _numbers.Length);
        _levels = TrainedLevels.Of(value.Constraints, kind);
    }

    /// <summary>Moves the parameter one step.</summary>
    public void Step(Tensor gradient, float rate)
    {
        ReadOnlySpan<float> given = gradient.Span<float>();
        WeightConstraints? constraints = _value.Constraints;
        if (_levels is not null) _value.Constraints = constraints = _levels.Step(_value.Constant!, given, rate);
        for (int i = 0; i < _numbers.Length; i++) _scaledGradient[i] = given[i] * _scales[i / _perSlice];
        _optimizer.Step(_numbers, _scaledGradient, rate);
        Tensor moved = Behind();
        if (_value.Quantization is { Type: ElementType.Int8 } grid) Bound(moved.Span<float>(), grid, moved.Dims);
        Tensor satisfied = constraints?.Project(moved) ?? moved;
        _value.Constant = _value.Quantization?.Round(satisfied) ?? satisfied;
    }

    /// <summary>The numbers behind the parameter.</summary>
    public Tensor Behind()
    {
        Tensor result = Tensor.Zeros(ElementType.Float32, _value.Constant!.Dims);
        Span<float> target = result.Span<float>();
        for (int i = 0; i < target.Length; i++) target[i] = _numbers[i] * _scales[i / _perSlice];
        return result;
    }

    /// <summary>Writes or reads the numbers behind the parameter and the optimizers' state.</summary>
    public void Exchange(StateStream stream)
    {
        stream.Elements(_scales.AsSpan());
        stream.Elements(_numbers.AsSpan());
        _optimizer.Exchange(stream);
        _levels?.Exchange(stream);
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
            _numbers[i] = moved[i] / _scales[i / _perSlice];
        }
    }

    private static double Rms(ReadOnlySpan<float> x)
    {
        double sum = 0;
        foreach (float element in x) sum += (double)element * element;
        return Math.Sqrt(sum / Math.Max(1, x.Length));
    }
}
