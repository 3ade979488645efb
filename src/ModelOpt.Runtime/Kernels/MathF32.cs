using System.Runtime.CompilerServices;
using ModelOpt.Runtime.Simd;

namespace ModelOpt.Runtime.Kernels;

/// <summary>
/// exp, log, sigmoid, tanh and erf in float32 with the same bits on every machine, where libm's differ. Range reduction and
/// minimax polynomials (fitted for these intervals) in fused multiply-adds; errors stay within 2 ulp (sigmoid and tanh within 3).
/// </summary>
internal static unsafe class MathF32
{
    public static void Exp(ReadOnlySpan<float> source, Span<float> destination) =>
        VectorMap.Apply<ExpOperation>(SimdTiers.Best, source, destination);

    public static void Log(ReadOnlySpan<float> source, Span<float> destination) =>
        VectorMap.Apply<LogOperation>(SimdTiers.Best, source, destination);

    public static void Sigmoid(ReadOnlySpan<float> source, Span<float> destination) =>
        VectorMap.Apply<SigmoidOperation>(SimdTiers.Best, source, destination);

    public static void Tanh(ReadOnlySpan<float> source, Span<float> destination) =>
        VectorMap.Apply<TanhOperation>(SimdTiers.Best, source, destination);

    public static void Erf(ReadOnlySpan<float> source, Span<float> destination) =>
        VectorMap.Apply<ErfOperation>(SimdTiers.Best, source, destination);

    public static float Exp(float value) => ExpOperation.Apply<Lanes1, float>(value);

    public static float Log(float value) => LogOperation.Apply<Lanes1, float>(value);

    public static float Sigmoid(float value) => SigmoidOperation.Apply<Lanes1, float>(value);

    public static float Tanh(float value) => TanhOperation.Apply<Lanes1, float>(value);

    public static float Erf(float value) => ErfOperation.Apply<Lanes1, float>(value);
}

/// <summary>e^x = 2^n · e^r with n = rint(x / ln 2), |r| ≤ ln 2 / 2; ln 2 in two parts so that r keeps full precision.</summary>
internal readonly struct ExpOperation : IUnaryOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<TLanes, V>(V x)
        where TLanes : struct, ILanes<V>
        where V : unmanaged
    {
        // Beyond these bounds the result is 0 or infinity anyway, and n stays in −150…128.
        x = TLanes.Clamp(x, TLanes.Create(-104f), TLanes.Create(89f));
        V n = TLanes.Round(TLanes.Multiply(x, TLanes.Create(1.44269502f)));
        V r = TLanes.FusedMultiplyAdd(n, TLanes.Create(-0.693147182f), x);
        r = TLanes.FusedMultiplyAdd(n, TLanes.Create(1.90465421e-9f), r);
        V q = TLanes.Create(0.00139505998f);
        q = TLanes.FusedMultiplyAdd(q, r, TLanes.Create(0.00836895406f));
        q = TLanes.FusedMultiplyAdd(q, r, TLanes.Create(0.041666206f));
        q = TLanes.FusedMultiplyAdd(q, r, TLanes.Create(0.166665182f));
        q = TLanes.FusedMultiplyAdd(q, r, TLanes.Create(0.5f));
        q = TLanes.FusedMultiplyAdd(q, TLanes.Multiply(r, r), r);
        V p = TLanes.Add(q, TLanes.Create(1f));

        // Two steps, because 2^n itself may be subnormal or too large; only the second rounds.
        V half = TLanes.Round(TLanes.Multiply(n, TLanes.Create(0.5f)));
        return TLanes.Scale(TLanes.Scale(p, half), TLanes.Subtract(n, half));
    }
}

/// <summary>log x = e·ln 2 + log m with m in [√½, √2); log(1+f) = f − f²/2 + f³·p(f).</summary>
internal readonly struct LogOperation : IUnaryOperation
{
    private const int SqrtHalfBits = 0x3f3504f3;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<TLanes, V>(V x)
        where TLanes : struct, ILanes<V>
        where V : unmanaged
    {
        V zero = TLanes.Create(0f);
        V normal = TLanes.Create(1.17549435e-38f);
        V scaled = TLanes.SelectLess(x, normal, TLanes.Multiply(x, TLanes.Create(8388608f)), x);
        V e = TLanes.SplitExponent(scaled, SqrtHalfBits, out V m);
        e = TLanes.Add(e, TLanes.SelectLess(x, normal, TLanes.Create(-23f), zero));
        V f = TLanes.Subtract(m, TLanes.Create(1f));
        V z = TLanes.Multiply(f, f);
        V p = TLanes.Create(-0.078608796f);
        p = TLanes.FusedMultiplyAdd(p, f, TLanes.Create(0.12883468f));
        p = TLanes.FusedMultiplyAdd(p, f, TLanes.Create(-0.131291106f));
        p = TLanes.FusedMultiplyAdd(p, f, TLanes.Create(0.141809613f));
        p = TLanes.FusedMultiplyAdd(p, f, TLanes.Create(-0.166244984f));
        p = TLanes.FusedMultiplyAdd(p, f, TLanes.Create(0.200022951f));
        p = TLanes.FusedMultiplyAdd(p, f, TLanes.Create(-0.250008106f));
        p = TLanes.FusedMultiplyAdd(p, f, TLanes.Create(0.333333164f));
        V y = TLanes.Multiply(TLanes.Multiply(z, f), p);
        y = TLanes.FusedMultiplyAdd(e, TLanes.Create(-1.90465421e-9f), y);
        y = TLanes.FusedMultiplyAdd(z, TLanes.Create(-0.5f), y);
        V result = TLanes.FusedMultiplyAdd(e, TLanes.Create(0.693147182f), TLanes.Add(f, y));

        // x·0 is NaN for NaN, and zero where x is finite; infinities are put right afterwards.
        result = TLanes.FusedMultiplyAdd(x, zero, result);
        result = TLanes.SelectLess(TLanes.Create(float.MaxValue), x, x, result);
        result = TLanes.SelectLess(TLanes.Abs(x), TLanes.Create(float.Epsilon), TLanes.Create(float.NegativeInfinity), result);
        return TLanes.SelectLess(x, zero, TLanes.Create(float.NaN), result);
    }
}

/// <summary>1 / (1 + e^−x), through e^−|x| so that nothing overflows and small results keep their precision.</summary>
internal readonly struct SigmoidOperation : IUnaryOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<TLanes, V>(V x)
        where TLanes : struct, ILanes<V>
        where V : unmanaged
    {
        V one = TLanes.Create(1f), zero = TLanes.Create(0f);
        V e = ExpOperation.Apply<TLanes, V>(TLanes.Subtract(zero, TLanes.Abs(x)));
        return TLanes.Divide(TLanes.SelectLess(x, zero, e, one), TLanes.Add(one, e));
    }
}

/// <summary>tanh x: an odd polynomial below 0.625, 1 − 2 / (e^2|x| + 1) above.</summary>
internal readonly struct TanhOperation : IUnaryOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<TLanes, V>(V x)
        where TLanes : struct, ILanes<V>
        where V : unmanaged
    {
        V one = TLanes.Create(1f);
        V a = TLanes.Abs(x);
        V u = TLanes.Multiply(a, a);
        V p = TLanes.Create(-0.00571703631f);
        p = TLanes.FusedMultiplyAdd(p, u, TLanes.Create(0.0206505787f));
        p = TLanes.FusedMultiplyAdd(p, u, TLanes.Create(-0.0537434965f));
        p = TLanes.FusedMultiplyAdd(p, u, TLanes.Create(0.133314908f));
        p = TLanes.FusedMultiplyAdd(p, u, TLanes.Create(-0.333332837f));
        V small = TLanes.FusedMultiplyAdd(TLanes.Multiply(p, u), a, a);
        V e = ExpOperation.Apply<TLanes, V>(TLanes.Add(a, a));
        V large = TLanes.Subtract(one, TLanes.Divide(TLanes.Create(2f), TLanes.Add(e, one)));
        return TLanes.CopySign(TLanes.SelectLess(a, TLanes.Create(0.625f), small, large), x);
    }
}

/// <summary>x where it is not negative, else e^x − 1.</summary>
internal readonly struct EluOperation : IUnaryOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<TLanes, V>(V x)
        where TLanes : struct, ILanes<V>
        where V : unmanaged =>
        TLanes.SelectLess(x, TLanes.Create(0f), TLanes.Subtract(ExpOperation.Apply<TLanes, V>(x), TLanes.Create(1f)), x);
}

/// <summary>erf x: an odd polynomial below 1, 1 − e^q(|x|) above, where q approximates log erfc.</summary>
internal readonly struct ErfOperation : IUnaryOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<TLanes, V>(V x)
        where TLanes : struct, ILanes<V>
        where V : unmanaged =>
        Combine<TLanes, V>(x, ExpOperation.Apply<TLanes, V>(LogComplement<TLanes, V>(TLanes.Abs(x))));

    /// <summary>erf x.</summary>
    /// <param name="complement">1 − erf |x|, which counts where |x| is at least 1.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Combine<TLanes, V>(V x, V complement)
        where TLanes : struct, ILanes<V>
        where V : unmanaged
    {
        V one = TLanes.Create(1f);
        V a = TLanes.Abs(x);
        V u = TLanes.Multiply(a, a);
        V p = TLanes.Create(7.8891193e-05f);
        p = TLanes.FusedMultiplyAdd(p, u, TLanes.Create(-0.000802084105f));
        p = TLanes.FusedMultiplyAdd(p, u, TLanes.Create(0.00518953521f));
        p = TLanes.FusedMultiplyAdd(p, u, TLanes.Create(-0.0268544443f));
        p = TLanes.FusedMultiplyAdd(p, u, TLanes.Create(0.112836003f));
        p = TLanes.FusedMultiplyAdd(p, u, TLanes.Create(-0.37612626f));
        p = TLanes.FusedMultiplyAdd(p, u, TLanes.Create(0.128379166f));
        V small = TLanes.FusedMultiplyAdd(p, a, a);

        return TLanes.CopySign(TLanes.SelectLess(a, one, small, TLanes.Subtract(one, complement)), x);
    }

    /// <summary>log(1 − erf a) for a from 1 to 3.95, where erf a has already rounded to 1; beyond, that at 3.95.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V LogComplement<TLanes, V>(V a)
        where TLanes : struct, ILanes<V>
        where V : unmanaged
    {
        V t = TLanes.Clamp(a, TLanes.Create(0f), TLanes.Create(3.95f));
        V q = TLanes.Create(-2.14961146e-05f);
        q = TLanes.FusedMultiplyAdd(q, t, TLanes.Create(0.00043910637f));
        q = TLanes.FusedMultiplyAdd(q, t, TLanes.Create(-0.00419361098f));
        q = TLanes.FusedMultiplyAdd(q, t, TLanes.Create(0.025178967f));
        q = TLanes.FusedMultiplyAdd(q, t, TLanes.Create(-0.10837248f));
        q = TLanes.FusedMultiplyAdd(q, t, TLanes.Create(-0.633262634f));
        q = TLanes.FusedMultiplyAdd(q, t, TLanes.Create(-1.12955678f));
        return TLanes.FusedMultiplyAdd(q, t, TLanes.Create(0.000183444165f));
    }

    /// <summary>log(1 − erf a) for a from 3.95, within 4·10⁻⁵, to 10.3, whose exponential is 0 in float32; beyond, that at 10.3.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V LogTail<TLanes, V>(V a)
        where TLanes : struct, ILanes<V>
        where V : unmanaged
    {
        V t = TLanes.Clamp(a, TLanes.Create(3.95f), TLanes.Create(10.3f));
        V q = TLanes.Create(1.11151303e-06f);
        q = TLanes.FusedMultiplyAdd(q, t, TLanes.Create(-5.75696795e-05f));
        q = TLanes.FusedMultiplyAdd(q, t, TLanes.Create(0.00128359755f));
        q = TLanes.FusedMultiplyAdd(q, t, TLanes.Create(-0.016213512f));
        q = TLanes.FusedMultiplyAdd(q, t, TLanes.Create(-0.869833589f));
        q = TLanes.FusedMultiplyAdd(q, t, TLanes.Create(-0.761092842f));
        return TLanes.FusedMultiplyAdd(q, t, TLanes.Create(-0.262611777f));
    }
}
