using System.Runtime.CompilerServices;
using ModelOpt.Runtime.Simd;

namespace ModelOpt.Runtime.Kernels.Elementwise;

/// <summary>x / 2 · (1 + erf(x / √2)).</summary>
internal readonly struct GeluOperation : IUnaryOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<TLanes, V>(V x)
        where TLanes : struct, ILanes<V>
        where V : unmanaged
    {
        V erf = ErfOperation.Apply<TLanes, V>(TLanes.Multiply(x, TLanes.Create(0.707106781f)));
        return TLanes.Multiply(TLanes.Multiply(x, TLanes.Create(0.5f)), TLanes.Add(erf, TLanes.Create(1f)));
    }
}

/// <summary>x / 2 · (1 + tanh(√(2/π) · (x + 0.044715 x³))).</summary>
internal readonly struct GeluTanhOperation : IUnaryOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<TLanes, V>(V x)
        where TLanes : struct, ILanes<V>
        where V : unmanaged
    {
        V one = TLanes.Create(1f);
        V factor = TLanes.FusedMultiplyAdd(TLanes.Multiply(x, x), TLanes.Create(0.044715f), one);
        V tanh = TanhOperation.Apply<TLanes, V>(TLanes.Multiply(TLanes.Multiply(x, TLanes.Create(0.797884561f)), factor));
        return TLanes.Multiply(TLanes.Multiply(x, TLanes.Create(0.5f)), TLanes.Add(tanh, one));
    }
}
