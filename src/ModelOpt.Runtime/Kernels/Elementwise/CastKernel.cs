using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ModelOpt.Runtime.Kernels.Contract;

namespace ModelOpt.Runtime.Kernels.Elementwise;

/// <summary>
/// Converts each element: floats to integers towards zero, saturated (NaN is 0); integers to integers modulo their size, as TFLite
/// and ONNX Runtime do.
/// </summary>
internal sealed class CastKernel<TSource, TDestination>(int elements) : ElementwiseKernel(elements)
    where TSource : unmanaged, INumberBase<TSource>
    where TDestination : unmanaged, INumberBase<TDestination>
{
    private static readonly bool IsFloat =
        typeof(TSource) == typeof(float) || typeof(TSource) == typeof(Half) || typeof(TSource) == typeof(double);

    protected override void RunRange(in KernelArguments args, int first, int length)
    {
        ReadOnlySpan<TSource> x = args.Input<TSource>(0);
        Span<TDestination> y = args.Output<TDestination>(0);
        int i = first, last = first + length;
        if (typeof(TSource) == typeof(byte) && typeof(TDestination) == typeof(float))
            i = BytesToFloats(args.Input<byte>(0)[..last], args.Output<float>(0), i);
        for (; i < last; i++)
            y[i] = IsFloat ? TDestination.CreateSaturating(x[i]) : TDestination.CreateTruncating(x[i]);
    }

    /// <summary>Bytes, and bools, 16 at a time from <paramref name="i"/> on; returns where it ended.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int BytesToFloats(ReadOnlySpan<byte> x, Span<float> y, int i)
    {
        for (; i <= x.Length - Vector128<byte>.Count; i += Vector128<byte>.Count)
        {
            (Vector128<ushort> low, Vector128<ushort> high) = Vector128.Widen(Vector128.Create(x[i..]));
            (Vector128<uint> first, Vector128<uint> second) = Vector128.Widen(low);
            (Vector128<uint> third, Vector128<uint> fourth) = Vector128.Widen(high);
            Vector128.ConvertToSingle(first.AsInt32()).CopyTo(y[i..]);
            Vector128.ConvertToSingle(second.AsInt32()).CopyTo(y[(i + 4)..]);
            Vector128.ConvertToSingle(third.AsInt32()).CopyTo(y[(i + 8)..]);
            Vector128.ConvertToSingle(fourth.AsInt32()).CopyTo(y[(i + 12)..]);
        }

        return i;
    }
}
