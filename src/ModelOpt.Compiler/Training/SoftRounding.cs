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

    private readonly Value value;
    private readonly Quantization grid;
    private readonly float[] floors, alphas, sigmoids, pulls;
    private readonly int[] free;
    private readonly int runLength;
    private readonly Optimizer optimizer;
    private float strength;

    /// <summary>
    /// Starts at the exact weight, which takes the place of the rounded one; the value's annotation is away until <see cref="Harden"/>.
    /// </summary>
    /// <param name="value">The int8 weight of a layer; zeros of its mask stay zero.</param>
    /// <param name="exact">Its value before rounding.</param>
    public SoftRounding(Value value, Tensor exact)
    {
        this.value = value;
        grid = value.Quantization!;
        ReadOnlySpan<float> weights = exact.Span<float>();
        runLength = grid.RunLength(exact.Dims);
        floors = new float[weights.Length];
        Mask? mask = value.Constraints?.Mask;
        List<int> kept = [];
        List<float> starts = [];
        for (int i = 0; i < weights.Length; i++)
        {
            float steps = weights[i] / ScaleOf(i);
            floors[i] = Math.Clamp(MathF.Floor(steps), -WeightGrid.MaxWeight, WeightGrid.MaxWeight - 1);
            if (mask is not null && mask.Zeros[i]) continue;
            kept.Add(i);
            starts.Add((Stretch / (Math.Clamp(steps - floors[i], 0, 1) + Margin)) - 1);
        }

        (free, alphas) = ([.. kept], [.. starts]);
        MathF32.Log(alphas, alphas);
        for (int k = 0; k < alphas.Length; k++) alphas[k] = -alphas[k];
        (sigmoids, pulls) = (new float[free.Length], new float[free.Length]);
        optimizer = Optimizer.Of(OptimizerKind.Adam, free.Length);
        value.Quantization = null;
        Soften();
    }

    /// <summary>Moves the weight one step.</summary>
    /// <param name="gradient">Its gradient.</param>
    /// <param name="rate">The learning rate.</param>
    /// <param name="exponent">β; null where nothing is drawn to 0 or 1 yet.</param>
    public void Step(Tensor gradient, float rate, float? exponent)
    {
        ReadOnlySpan<float> given = gradient.Span<float>();
        if (exponent is { } beta) Powers(beta - 1);
        else Array.Clear(pulls);
        double sum = 0;
        for (int k = 0; k < free.Length; k++)
        {
            float own = given[free[k]] * ScaleOf(free[k]), h = (Stretch * sigmoids[k]) - Margin;
            sum += (double)own * own;
            // The derivative of −|2h − 1|^β.
            float pull = exponent is null ? 0 : strength * -2 * exponent.Value * pulls[k] * MathF.Sign(h - 0.5f);
            pulls[k] = h is > 0 and < 1 ? (own + pull) * Stretch * sigmoids[k] * (1 - sigmoids[k]) : 0;
        }

        if (strength == 0) strength = (float)(RegularizerStrength * Math.Sqrt(sum / Math.Max(1, free.Length)));
        optimizer.Step(alphas, pulls, rate);
        Soften();
    }

    /// <summary>Rounds each element to the side that it is nearer to, and annotates the weight again.</summary>
    public void Harden()
    {
        for (int k = 0; k < alphas.Length; k++) sigmoids[k] = alphas[k] >= 0 ? 1 : 0;
        Set();
        value.Quantization = grid;
    }

    private void Soften()
    {
        MathF32.Sigmoid(alphas, sigmoids);
        Set();
    }

    private void Set()
    {
        Tensor result = Tensor.Zeros(ElementType.Float32, value.Constant!.Dims);
        Span<float> elements = result.Span<float>();
        for (int k = 0; k < free.Length; k++)
            elements[free[k]] = (floors[free[k]] + Math.Clamp((Stretch * sigmoids[k]) - Margin, 0, 1)) * ScaleOf(free[k]);
        value.Constant = result;
    }

    /// <summary>|2h − 1| to a power, with the same bits on every machine.</summary>
    private void Powers(float power)
    {
        for (int k = 0; k < pulls.Length; k++)
            pulls[k] = MathF.Max(MathF.Abs((2 * Math.Clamp((Stretch * sigmoids[k]) - Margin, 0, 1)) - 1), float.Epsilon);
        MathF32.Log(pulls, pulls);
        for (int k = 0; k < pulls.Length; k++) pulls[k] *= power;
        MathF32.Exp(pulls, pulls);
    }

    private float ScaleOf(int element) => grid.ScaleOf(element, runLength);
}
