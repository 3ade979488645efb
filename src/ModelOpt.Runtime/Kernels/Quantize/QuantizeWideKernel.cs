using System.Numerics;
using ModelOpt.Runtime.Kernels.Contract;

namespace ModelOpt.Runtime.Kernels.Quantize;

/// <summary>float32 → int16 or int32: x / s rounded half away from zero, plus z; the ends of the type where that lies outside.</summary>
internal sealed class QuantizeWideKernel<T>(int elements, float scale, int zeroPoint) : Kernel
    where T : unmanaged, IBinaryInteger<T>
{
    private const int ItemLength = 4096;

    public override int Items => (elements + ItemLength - 1) / ItemLength;

    public override long Work => elements;

    public override void Run(in KernelArguments args, int start, int end)
    {
        int first = start * ItemLength, length = Math.Min(elements, end * ItemLength) - first;
        ReadOnlySpan<float> x = args.Input<float>(0).Slice(first, length);
        Span<T> y = args.Output<T>(0).Slice(first, length);
        for (int i = 0; i < x.Length; i++)
            y[i] = Scalar(x[i], scale, zeroPoint);
    }

    /// <summary>One element. NaN becomes the zero point.</summary>
    public static T Scalar(float value, float scale, int zeroPoint)
    {
        double rounded = Math.Round((double)value / scale, MidpointRounding.AwayFromZero) + zeroPoint;
        return T.CreateSaturating(double.IsNaN(rounded) ? zeroPoint : rounded);
    }
}
