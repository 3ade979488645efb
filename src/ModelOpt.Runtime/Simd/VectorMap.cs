using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ModelOpt.Runtime.Simd;

/// <summary>A function of one float, written once for all vector widths.</summary>
internal interface IUnaryOperation
{
    static abstract V Apply<TLanes, V>(V x)
        where TLanes : struct, ILanes<V>
        where V : unmanaged;
}

/// <summary>Applies a <see cref="IUnaryOperation"/> to each element.</summary>
internal static unsafe class VectorMap
{
    /// <summary>destination[i] = operation(source[i]); both may be the same span.</summary>
    /// <exception cref="ArgumentException">The destination is shorter than the source.</exception>
    public static void Apply<TOperation>(SimdTier tier, ReadOnlySpan<float> source, Span<float> destination)
        where TOperation : struct, IUnaryOperation
    {
        if (destination.Length < source.Length)
            throw new ArgumentException("The destination is shorter than the source.", nameof(destination));
        fixed (float* from = source, to = destination)
        {
            switch (tier)
            {
                case SimdTier.Vector512:
                    Run<TOperation, Lanes512, Vector512<float>>(from, to, source.Length);
                    break;
                case SimdTier.Vector256:
                    Run<TOperation, Lanes256, Vector256<float>>(from, to, source.Length);
                    break;
                case SimdTier.Vector128:
                    Run<TOperation, Lanes128, Vector128<float>>(from, to, source.Length);
                    break;
                default:
                    Run<TOperation, Lanes1, float>(from, to, source.Length);
                    break;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Run<TOperation, TLanes, V>(float* source, float* destination, int length)
        where TOperation : struct, IUnaryOperation
        where TLanes : struct, ILanes<V>
        where V : unmanaged
    {
        int i = 0;
        for (; i <= length - TLanes.Count; i += TLanes.Count)
            TLanes.Store(destination + i, TOperation.Apply<TLanes, V>(TLanes.Load(source + i)));
        if (i == length)
            return;

        float* rest = stackalloc float[16];
        new Span<float>(source + i, length - i).CopyTo(new Span<float>(rest, 16));
        TLanes.Store(rest, TOperation.Apply<TLanes, V>(TLanes.Load(rest)));
        new Span<float>(rest, length - i).CopyTo(new Span<float>(destination + i, length - i));
    }
}
