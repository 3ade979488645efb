using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ModelOpt.Runtime.Simd;

namespace ModelOpt.Cli.Bench;

/// <summary>Peak of one core's multiply-add instructions, in 10⁹ multiply-adds a second.</summary>
/// <param name="Float32">In float32.</param>
/// <param name="Int8">In int8.</param>
internal sealed record InstructionLimit(double Float32, double Int8)
{
    private const int Chains = 12;

    /// <summary>
    /// Measures fused multiply-adds that need no memory, in some 20 ms. The limit of int8 follows from it: a dot-product
    /// instruction runs on the same units at the same rate and does four times as many multiply-adds, and where there is
    /// none, a multiply-add of int16 pairs does twice as many.
    /// </summary>
    public static InstructionLimit Measure()
    {
        double float32 = SimdTiers.Best switch
        {
            SimdTier.Vector512 => Measure<Lanes512, Vector512<float>>(),
            SimdTier.Vector256 => Measure<Lanes256, Vector256<float>>(),
            SimdTier.Vector128 => Measure<Lanes128, Vector128<float>>(),
            _ => Measure<Lanes1, float>(),
        };
        return new InstructionLimit(float32, float32 * (Machine.HasDotProducts ? 4 : 2));
    }

    private static double Measure<TLanes, V>()
        where TLanes : struct, ILanes<V>
        where V : unmanaged
    {
        const int Iterations = 4000, Attempts = 400;
        long best = long.MaxValue;
        for (int i = 0; i < Attempts; i++)
        {
            long start = Stopwatch.GetTimestamp();
            _ = MultiplyAdds<TLanes, V>(Iterations);
            best = Math.Min(best, Stopwatch.GetTimestamp() - start);
        }

        return (double)Iterations * Chains * TLanes.Count * Stopwatch.Frequency / best / 1e9;
    }

    /// <summary>Twelve independent sums: enough to hide a latency of up to six cycles on two units.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static V MultiplyAdds<TLanes, V>(int iterations)
        where TLanes : struct, ILanes<V>
        where V : unmanaged
    {
        V a = TLanes.Create(0.5f), b = TLanes.Create(0.25f);
        V s0 = a, s1 = a, s2 = a, s3 = a, s4 = a, s5 = a, s6 = a, s7 = a, s8 = a, s9 = a, s10 = a, s11 = a;
        for (int i = 0; i < iterations; i++)
        {
            s0 = TLanes.FusedMultiplyAdd(s0, a, b);
            s1 = TLanes.FusedMultiplyAdd(s1, a, b);
            s2 = TLanes.FusedMultiplyAdd(s2, a, b);
            s3 = TLanes.FusedMultiplyAdd(s3, a, b);
            s4 = TLanes.FusedMultiplyAdd(s4, a, b);
            s5 = TLanes.FusedMultiplyAdd(s5, a, b);
            s6 = TLanes.FusedMultiplyAdd(s6, a, b);
            s7 = TLanes.FusedMultiplyAdd(s7, a, b);
            s8 = TLanes.FusedMultiplyAdd(s8, a, b);
            s9 = TLanes.FusedMultiplyAdd(s9, a, b);
            s10 = TLanes.FusedMultiplyAdd(s10, a, b);
            s11 = TLanes.FusedMultiplyAdd(s11, a, b);
        }

        V left = TLanes.Add(TLanes.Add(TLanes.Add(s0, s1), TLanes.Add(s2, s3)), TLanes.Add(s4, s5));
        return TLanes.Add(left, TLanes.Add(TLanes.Add(TLanes.Add(s6, s7), TLanes.Add(s8, s9)), TLanes.Add(s10, s11)));
    }
}
