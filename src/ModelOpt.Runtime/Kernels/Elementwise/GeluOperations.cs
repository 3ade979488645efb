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
        V z = TLanes.Multiply(x, TLanes.Create(0.707106781f));
        V a = TLanes.Abs(z);
        V log = TLanes.SelectLess(
            z, TLanes.Create(-3.95f), ErfOperation.LogTail<TLanes, V>(a), ErfOperation.LogComplement<TLanes, V>(a));
        V complement = ExpOperation.Apply<TLanes, V>(log);
        // Below −1 the sum would lose the digits of what is left.
        V gate = TLanes.Add(ErfOperation.Combine<TLanes, V>(z, complement), TLanes.Create(1f));
        gate = TLanes.SelectLess(z, TLanes.Create(-1f), complement, gate);
        return TLanes.Multiply(TLanes.Multiply(x, TLanes.Create(0.5f)), gate);
    }
}

/// <summary>
/// x / 2 · (1 + tanh u), u = √(2/π) · (x + 0.044715 x³): x times the sigmoid of 2u, which keeps its digits where tanh is nearly −1.
/// </summary>
internal readonly struct GeluTanhOperation : IUnaryOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<TLanes, V>(V x)
        where TLanes : struct, ILanes<V>
        where V : unmanaged
    {
        V factor = TLanes.FusedMultiplyAdd(TLanes.Multiply(x, x), TLanes.Create(0.044715f), TLanes.Create(1f));
        V twice = TLanes.Multiply(TLanes.Multiply(x, TLanes.Create(1.595769122f)), factor);
        return TLanes.Multiply(x, SigmoidOperation.Apply<TLanes, V>(twice));
    }
}
