using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Training;

/// <summary>
/// The range of an int8 activation, and of those that share it, while it is trained: calibration chose it for weights that have changed
/// since.
/// Both ends follow their gradients; an end that is zero stays so.
/// </summary>
internal sealed class TrainedRange
{
    // Relative to calibration's range; a tiny scale would leave no room for biases.
    private const float Least = 1f / 8;

    private readonly float[] _ends;
    private readonly float _size;
    private readonly Optimizer _optimizer;

    private TrainedRange(IReadOnlyList<Value> values, OptimizerKind kind)
    {
        Values = values;
        (float low, float high) = Ends(values[0].Quantization!);
        _size = high - low;
        _ends = [low / _size, high / _size];
        _optimizer = Optimizer.Of(kind, _ends.Length);
    }

    /// <summary>The activations.</summary>
    public IReadOnlyList<Value> Values { get; }

    /// <summary>The ranges that calibration chose, except the inputs', which never change.</summary>
    /// <param name="graph">The graph, quantized; activations that share a grid share its instance.</param>
    public static IReadOnlyList<TrainedRange> Of(Graph graph, OptimizerKind kind) => [.. graph.Values
        .Where(v => !v.IsConstant && v.Quantization is { Type: ElementType.Int8, IsPerTensor: true })
        .GroupBy(v => v.Quantization!, ReferenceEqualityComparer.Instance)
        .Select(g => g.ToArray())
        .Where(g => !Array.Exists(g, v =>
            v.Producer is null || IntegerForm.Prescribed(v, n => IntegerForm.Is(graph, n)) is not null || HoldsConstant(v.Producer)))
        .Select(g => new TrainedRange(g, kind))];

    /// <summary>The real numbers that the smallest and the largest integer stand for.</summary>
    /// <param name="grid">An int8 grid for a whole tensor.</param>
    public static (float Low, float High) Ends(Quantization grid) =>
        ((sbyte.MinValue - grid.ZeroPoint) * grid.Scale, (sbyte.MaxValue - grid.ZeroPoint) * grid.Scale);

    /// <summary>Moves the range one step.</summary>
    public void Step(RangeGradient gradient, float rate)
    {
        (bool isAbove, bool isBelow) = (_ends[0] == 0, _ends[1] == 0);
        _optimizer.Step(_ends, [(float)gradient.Low * _size, (float)gradient.High * _size], rate);
        _ends[0] = isAbove ? 0 : MathF.Min(_ends[0], 0);
        _ends[1] = isBelow ? 0 : MathF.Max(_ends[1], 0);
        if (_ends[1] - _ends[0] < Least)
        {
            if (isAbove) _ends[1] = Least;
            else _ends[0] = _ends[1] - Least;
        }

        Quantization grid = new ValueRange(_ends[0] * _size, _ends[1] * _size).ToQuantization();
        foreach (Value value in Values) value.Quantization = grid;
    }

    /// <summary>Writes or reads the range and the optimizer's state.</summary>
    public void Exchange(StateStream stream)
    {
        stream.Elements(_ends.AsSpan());
        _optimizer.Exchange(stream);
    }

    // A Concat's constants lie on the grid of its output.
    private static bool HoldsConstant(Node node) =>
        IntegerForm.IsMover(node) && IntegerForm.Data(node).Any(v => v is { IsConstant: true, Type: ElementType.Float32 });
}
