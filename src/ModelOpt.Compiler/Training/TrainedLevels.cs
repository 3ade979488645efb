using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Training;

/// <summary>
/// The values of a codebook while they are trained: each moves by the sum of its members' gradients. Zero stays zero, and none overtakes
/// another. Integers are trained as the numbers that they are rounded from (straight-through), and the scale of each channel with them.
/// </summary>
internal sealed class TrainedLevels
{
    // Relative to its start: a bias has room in the grid that follows from it.
    private const float LeastScale = 0.5f, MostScale = 2;

    private readonly float[][] _numbers;
    private readonly float[] _sizes;
    private readonly Optimizer[] _optimizers;
    private readonly float[] _scales;
    private readonly float[] _stretches;
    private readonly Optimizer? _stretching;
    private WeightConstraints _constraints;

    private TrainedLevels(WeightConstraints constraints, float[][] positions, OptimizerKind kind)
    {
        _constraints = constraints;
        _sizes = [.. positions.Select(p => p.Length == 0 ? 1 : MathF.Max(p.Max(MathF.Abs), float.Epsilon))];
        _numbers = [.. positions.Select((p, c) => Array.ConvertAll(p, x => x / _sizes[c]))];
        _optimizers = [.. positions.Select(p => Optimizer.Of(kind, p.Length))];
        _scales = [.. constraints.Grid?.Scales ?? []];
        _stretches = Array.ConvertAll(_scales, _ => 1f);
        _stretching = _scales.Length == 0 ? null : Optimizer.Of(kind, _scales.Length);
    }

    /// <summary>Starts at the codebook of a weight.</summary>
    /// <returns>Null where it has no codebook, or channels that should share integers do not.</returns>
    public static TrainedLevels? Of(WeightConstraints? constraints, OptimizerKind kind)
    {
        if (constraints?.Codebook is not { } codebook) return null;
        if (constraints.Grid is not { } grid) return new TrainedLevels(constraints, [.. codebook.Levels.Select(l => l.ToArray())], kind);
        float[][] integers = [.. codebook.Levels.Select((l, c) => Array.ConvertAll(l, x => MathF.Round(x / ScaleOf(grid, c))))];
        if (codebook.Scope == ClusterScope.Channel) return new TrainedLevels(constraints, integers, kind);
        return Array.TrueForAll(integers, l => l.AsSpan().SequenceEqual(integers[0]))
            ? new TrainedLevels(constraints, [integers[0]], kind)
            : null;
    }

    /// <summary>Moves the values one step.</summary>
    /// <param name="weight">The weight whose elements are such values.</param>
    /// <returns>What the weight has to satisfy from now on.</returns>
    public WeightConstraints Step(Tensor weight, ReadOnlySpan<float> gradient, float rate)
    {
        ReadOnlySpan<float> elements = weight.Span<float>();
        Codebook codebook = _constraints.Codebook!;
        double[][] sums = Array.ConvertAll(_numbers, n => new double[n.Length]);
        double[] pulls = new double[_stretches.Length];
        for (int i = 0; i < elements.Length; i++)
        {
            // Zero does not move, whether its elements are among its members or pruned.
            if (elements[i] == 0) continue;
            int channel = _constraints.ChannelOf(i, weight.Dims);
            sums[_numbers.Length == 1 ? 0 : channel][NearestIndex(codebook.LevelsOf(channel), elements[i])] += gradient[i]
                * ScaleOf(_constraints.Grid, channel);
            if (pulls.Length > 0) pulls[pulls.Length == 1 ? 0 : channel] += (double)gradient[i] * elements[i];
        }

        for (int c = 0; c < _numbers.Length; c++) Move(c, sums[c], rate);
        if (_stretching is null)
        {
            _constraints = _constraints with { Codebook =
                codebook with { Levels = [.. _numbers.Select((n, c) => Array.ConvertAll(n, x => x * _sizes[c]))] } };
            return _constraints;
        }

        _stretching.Step(_stretches, Array.ConvertAll(pulls, p => (float)p), rate);
        for (int c = 0; c < _stretches.Length; c++) _stretches[c] = Math.Clamp(_stretches[c], LeastScale, MostScale);
        Quantization grid = _constraints.Grid! with { Scales = [.. _scales.Select((s, c) => s * _stretches[c])] };
        float[][] integers = [.. _numbers.Select((n, c) => Array.ConvertAll(
            n, x => Math.Clamp(MathF.Round(x * _sizes[c]), -WeightGrid.MaxWeight, WeightGrid.MaxWeight)))];
        _constraints = _constraints with
        {
            Grid = grid,
            Codebook = codebook with
            {
                Levels = [.. codebook.Levels.Select(
                    (_, c) => Array.ConvertAll(integers[integers.Length == 1 ? 0 : c], q => q * ScaleOf(grid, c)))],
            },
        };
        return _constraints;
    }

    /// <summary>Writes or reads the numbers behind the values and the optimizers' state.</summary>
    public void Exchange(StateStream stream)
    {
        stream.Elements(_sizes.AsSpan());
        foreach (float[] of in _numbers) stream.Elements(of.AsSpan());
        foreach (Optimizer optimizer in _optimizers) optimizer.Exchange(stream);
        stream.Elements(_scales.AsSpan());
        stream.Elements(_stretches.AsSpan());
        _stretching?.Exchange(stream);
    }

    private static float ScaleOf(Quantization? grid, int channel) => grid is null ? 1 : grid.Scales[grid.IsPerTensor ? 0 : channel];

    private void Move(int c, double[] sums, float rate)
    {
        float[] of = _numbers[c];
        int zero = Array.IndexOf(of, 0);
        _optimizers[c].Step(of, [.. sums.Select((s, l) => l == zero ? 0 : (float)s * _sizes[c])], rate);
        if (zero >= 0) of[zero] = 0;
        // An integer that becomes zero would be lost.
        float least = zero < 0 || _stretching is null ? 0 : 1 / _sizes[c];
        for (int l = 0; l < zero; l++) of[l] = MathF.Min(of[l], -least);
        for (int l = zero + 1; zero >= 0 && l < of.Length; l++) of[l] = MathF.Max(of[l], least);
        for (int l = 1; l < of.Length; l++) of[l] = MathF.Max(of[l], of[l - 1]);
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
