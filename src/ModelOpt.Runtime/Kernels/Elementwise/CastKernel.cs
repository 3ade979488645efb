using System.Numerics;
using ModelOpt.Runtime.Kernels.Contract;

namespace ModelOpt.Runtime.Kernels.Elementwise;

/// <summary>
/// Converts each element: floats to integers towards zero, saturated (NaN is 0); integers to integers modulo their size, as TFLite
/// and ONNX Runtime do.
/// </summary>
internal sealed class CastKernel<TSource, TDestination>(int elements) : Kernel
    where TSource : unmanaged, INumberBase<TSource>
    where TDestination : unmanaged, INumberBase<TDestination>
{
    private const int ItemLength = 4096;

    private static readonly bool IsFloat =
        typeof(TSource) == typeof(float) || typeof(TSource) == typeof(Half) || typeof(TSource) == typeof(double);

    public override int Items => (elements + ItemLength - 1) / ItemLength;

    public override long Work => elements;

    public override void Run(in KernelArguments args, int start, int end)
    {
        ReadOnlySpan<TSource> x = args.Input<TSource>(0);
        Span<TDestination> y = args.Output<TDestination>(0);
        int last = Math.Min(elements, end * ItemLength);
        for (int i = start * ItemLength; i < last; i++)
            y[i] = IsFloat ? TDestination.CreateSaturating(x[i]) : TDestination.CreateTruncating(x[i]);
    }
}
