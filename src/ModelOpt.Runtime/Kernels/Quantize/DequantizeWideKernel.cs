using System.Numerics;
using ModelOpt.Runtime.Kernels.Contract;

namespace ModelOpt.Runtime.Kernels.Quantize;

/// <summary>int16 or int32 → float32: (q − z)·s.</summary>
internal sealed class DequantizeWideKernel<T>(int elements, float scale, int zeroPoint) : Kernel
    where T : unmanaged, IBinaryInteger<T>
{
    private const int ItemLength = 4096;

    public override int Items => (elements + ItemLength - 1) / ItemLength;

    public override long Work => elements;

    public override void Run(in KernelArguments args, int start, int end)
    {
        int first = start * ItemLength, length = Math.Min(elements, end * ItemLength) - first;
        ReadOnlySpan<T> x = args.Input<T>(0).Slice(first, length);
        Span<float> y = args.Output<float>(0).Slice(first, length);
        for (int i = 0; i < x.Length; i++)
            y[i] = Scalar(x[i], scale, zeroPoint);
    }

    /// <summary>One element.</summary>
    public static float Scalar(T value, float scale, int zeroPoint) => (long.CreateTruncating(value) - zeroPoint) * scale;
}
