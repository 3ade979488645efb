using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Options;
using ModelOpt.Runtime.Kernels;

namespace ModelOpt.Compiler.Training;

/// <summary>
/// The weight of a layer while training learns which elements to round down and which up (AdaRound, Nagel et al. 2020): an element is
/// <c>scale · (floor + h(α))</c> with <c>h(α) = clip(1.2·σ(α) − 0.1, 0, 1)</c>, and starts at its value before rounding. A regularizer
/// <c>Σ 1 − |2h − 1|^β</c> pulls h to 0 or 1, more strongly as β falls.
/// </summary>
internal sealed class SoftRounding
{
    private const float Stretch = 1.2f, Margin = 0.1f;

    // How strong the regularizer is beside the loss, whose gradients may be of any size: so many times their root mean square in the
    // first step.
    private const double RegularizerStrength = 5;

    private readonly Value _value;
    private readonly Quantization _grid;
    private readonly float[] _floors, _alphas, _sigmoids, _pulls;
    private readonly int[] _free;
    private readonly int _runLength;
    private readonly Optimizer _optimizer;
    private float _strength;

    /// <summary>
    /// Starts at the exact weight, which takes the place of the rounded one; the value's annotation is away until <see cref="Harden"/>.
    /// </summary>
    /// <param name="value">The int8 weight of a layer; zeros of its mask stay zero.</param>
    public SoftRounding(Value value, Tensor exact)
    {
        _value = value;
        _grid = value.Quantization!;
        ReadOnlySpan<float> weights = exact.Span<float>();
        _runLength = _grid.RunLength(exact.Dims);
        _floors = new float[weights.Length];
        Mask? mask = value.Constraints?.Mask;
        List<int> kept = [];
        List<float> starts = [];
        for (int i = 0; i < weights.Length; i++)
        {
            float steps = weights[i] / ScaleOf(i);
            _floors[i] = Math.Clamp(MathF.Floor(steps), -WeightGrid.MaxWeight, WeightGrid.MaxWeight - 1);
            if (mask is not null && mask.Zeros[i]) continue;
            kept.Add(i);
            starts.Add((Stretch / (Math.Clamp(steps - _floors[i], 0, 1) + Margin)) - 1);
        }

        (_free, _alphas) = ([.. kept], [.. starts]);
        MathF32.Log(_alphas, _alphas);
        for (int k = 0; k < _alphas.Length; k++) _alphas[k] = -_alphas[k];
        (_sigmoids, _pulls) = (new float[_free.Length], new float[_free.Length]);
        _optimizer = Optimizer.Of(OptimizerKind.Adam, _free.Length);
        value.Quantization = null;
        Soften();
    }

    /// <summary>Moves the weight one step.</summary>
    /// <param name="exponent">β; null where nothing is drawn to 0 or 1 yet.</param>
    public void Step(Tensor gradient, float rate, float? exponent)
    {
        ReadOnlySpan<float> given = gradient.Span<float>();
        if (exponent is { } beta) Powers(beta - 1);
        else Array.Clear(_pulls);
        double sum = 0;
        for (int k = 0; k < _free.Length; k++)
        {
            float own = given[_free[k]] * ScaleOf(_free[k]), h = (Stretch * _sigmoids[k]) - Margin;
            sum += (double)own * own;
            // The derivative of −|2h − 1|^β.
            float pull = exponent is null ? 0 : _strength * -2 * exponent.Value * _pulls[k] * MathF.Sign(h - 0.5f);
            _pulls[k] = h is > 0 and < 1 ? (own + pull) * Stretch * _sigmoids[k] * (1 - _sigmoids[k]) : 0;
        }

        if (_strength == 0) _strength = (float)(RegularizerStrength * Math.Sqrt(sum / Math.Max(1, _free.Length)));
        _optimizer.Step(_alphas, _pulls, rate);
        Soften();
    }

    /// <summary>Rounds each element to the side that it is nearer to, and annotates the weight again.</summary>
    public void Harden()
    {
        for (int k = 0; k < _alphas.Length; k++) _sigmoids[k] = _alphas[k] >= 0 ? 1 : 0;
        Set();
        _value.Quantization = _grid;
    }

    private void Soften()
    {
        MathF32.Sigmoid(_alphas, _sigmoids);
        Set();
    }

    private void Set()
    {
        Tensor result = Tensor.Zeros(ElementType.Float32, _value.Constant!.Dims);
        Span<float> elements = result.Span<float>();
        for (int k = 0; k < _free.Length; k++)
            elements[_free[k]] = (_floors[_free[k]] + Math.Clamp((Stretch * _sigmoids[k]) - Margin, 0, 1)) * ScaleOf(_free[k]);
        _value.Constant = result;
    }

    /// <summary>|2h − 1| to a power, with the same bits on every machine.</summary>
    private void Powers(float power)
    {
        for (int k = 0; k < _pulls.Length; k++)
            _pulls[k] = MathF.Max(MathF.Abs((2 * Math.Clamp((Stretch * _sigmoids[k]) - Margin, 0, 1)) - 1), float.Epsilon);
        MathF32.Log(_pulls, _pulls);
        for (int k = 0; k < _pulls.Length; k++) _pulls[k] *= power;
        MathF32.Exp(_pulls, _pulls);
    }

    private float ScaleOf(int element) => _grid.ScaleOf(element, _runLength);
}
