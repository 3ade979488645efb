using System.Numerics;
using System.Runtime.CompilerServices;

namespace ModelOpt.Runtime.Kernels.Elementwise;

/// <summary>A function of one float, as a vector and as a scalar with the same bits.</summary>
internal interface IUnaryFunction
{
    Vector<float> Apply(Vector<float> x);

    float Apply(float x);
}

internal readonly struct ClampFunction(float min, float max) : IUnaryFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector<float> Apply(Vector<float> x) =>
        Vector.Min(Vector.Max(x, new Vector<float>(min)), new Vector<float>(max));

    public float Apply(float x) => MathF.Min(MathF.Max(x, min), max);
}

/// <summary>x for x ≥ 0, alpha·x below.</summary>
internal readonly struct LeakyReluFunction(float alpha) : IUnaryFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector<float> Apply(Vector<float> x) =>
        Vector.ConditionalSelect(Vector.LessThan(x, Vector<float>.Zero), x * new Vector<float>(alpha), x);

    public float Apply(float x) => x < 0 ? x * alpha : x;
}

/// <summary>x·clamp(x + 3, 0, 6)/6.</summary>
internal readonly struct HardSwishFunction : IUnaryFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector<float> Apply(Vector<float> x) =>
        x * Vector.Min(Vector.Max(x + new Vector<float>(3), Vector<float>.Zero), new Vector<float>(6))
            / new Vector<float>(6);

    public float Apply(float x) => x * MathF.Min(MathF.Max(x + 3, 0), 6) / 6;
}

internal readonly struct NegateFunction : IUnaryFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector<float> Apply(Vector<float> x) => -x;

    public float Apply(float x) => -x;
}

internal readonly struct AbsoluteFunction : IUnaryFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector<float> Apply(Vector<float> x) => Vector.Abs(x);

    public float Apply(float x) => MathF.Abs(x);
}

internal readonly struct SquareRootFunction : IUnaryFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector<float> Apply(Vector<float> x) => Vector.SquareRoot(x);

    public float Apply(float x) => MathF.Sqrt(x);
}

internal readonly struct ReciprocalSquareRootFunction : IUnaryFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector<float> Apply(Vector<float> x) => Vector<float>.One / Vector.SquareRoot(x);

    public float Apply(float x) => 1 / MathF.Sqrt(x);
}

/// <summary>The nearest integer, the even one of two.</summary>
internal readonly struct RoundFunction : IUnaryFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector<float> Apply(Vector<float> x) => Vector.Round(x);

    public float Apply(float x) => MathF.Round(x);
}

internal readonly struct FloorFunction : IUnaryFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector<float> Apply(Vector<float> x) => Vector.Floor(x);

    public float Apply(float x) => MathF.Floor(x);
}

internal readonly struct CeilingFunction : IUnaryFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector<float> Apply(Vector<float> x) => Vector.Ceiling(x);

    public float Apply(float x) => MathF.Ceiling(x);
}

/// <summary>−1 or 1; zeros and NaN stay.</summary>
internal readonly struct SignFunction : IUnaryFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector<float> Apply(Vector<float> x) => Vector.ConditionalSelect(
        Vector.GreaterThan(x, Vector<float>.Zero), Vector<float>.One,
        Vector.ConditionalSelect(Vector.LessThan(x, Vector<float>.Zero), -Vector<float>.One, x));

    public float Apply(float x) => x > 0 ? 1 : x < 0 ? -1 : x;
}
